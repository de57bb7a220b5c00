// Package decide knows what seccomp profiles decide: for which targets a profile comes into force, which filter each
// of them makes of it, what that filter does with a call, which profiles are refused, and what two profiles do
// differently. It returns values; words for people are made by their readers.
//
// The way of a profile is that of the real programs. A loader (Docker, containers/common, or the plain reading of the
// OCI specification) resolves it for a host and a container (Resolve). A runtime with a build of libseccomp makes a
// filter of the result (Compile), or refuses it (Filter.Refusals). The filter decides about each syscall of an ABI
// (Filter.Decide), possibly by the arguments (Decision.Cases).
//
// What is modelled was measured with runc 1.1.5 and 1.5.1, crun 1.8.1 and 1.27, and libseccomp 2.5.4 and 2.6.1;
// docs/seccomp-oracle.md says how far the model agrees with them. Where libseccomp's result cannot be predicted, a
// decision says so (Decision.Overlaps, Decision.Miscompiled) instead of guessing.
package decide
