package rules

import (
	"iter"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// Adapter is the kind of subject that a rule checks, with the function that checks one. The On functions make it. The
// runner finds the subjects through the indexes of the model, so a rule need not know where in which file they stand.
type Adapter struct {
	// Subject names the kind of subject for people: "a nix.conf text".
	Subject string

	document  func(*Pass, *workspace.Document)
	workspace func(*Pass)
	ignores   func(*Pass, *IgnoreComment)
	comments  bool // a comment above the subject can suppress a finding
	external  bool // asks another program
	idle      bool // which is not there
	outside   bool // see Outside
}

// Outside makes the check of a rule whose findings are made outside of the runner, by what knows all findings of a
// run. The runner finds nothing for it.
func Outside(subject string) Adapter { return Adapter{Subject: subject, outside: true} }

// IsOutside reports whether the runner finds nothing for the rule.
func (a Adapter) IsOutside() bool { return a.outside }

// OnText makes the check of a rule about one nix.conf text: a file, or a fragment of another file.
func OnText(check func(*Pass, *nixuse.Text)) Adapter {
	return Adapter{Subject: "a nix.conf text", comments: true, document: func(p *Pass, doc *workspace.Document) {
		for _, text := range doc.Texts {
			check(p, text)
		}
	}}
}

// Both makes the check of a rule about two kinds of subject.
func Both(a, b Adapter) Adapter {
	return Adapter{
		Subject:  a.Subject + " or " + b.Subject,
		comments: a.comments || b.comments,
		document: func(p *Pass, doc *workspace.Document) {
			a.document(p, doc)
			b.document(p, doc)
		},
	}
}

// OnStep makes the check of a rule about one step of a Dockerfile: each instruction with one of the keywords, in upper
// case, or every instruction without keywords, where it stands. The triggers of ONBUILD are among them
// (image.Step.Deferred).
func OnStep(check func(*Pass, *image.Step), keywords ...string) Adapter {
	return Adapter{Subject: "an instruction", comments: true, document: func(p *Pass, doc *workspace.Document) {
		if doc.Dockerfile == nil {
			return
		}
		for _, s := range doc.Dockerfile.Steps(keywords...) {
			check(p, s)
		}
	}}
}

// OnCommand makes the check of a rule about one command that a Dockerfile runs, in its build or as the image's own
// command: each that starts one of the programs, or every command without programs. Those of scripts of the build
// context are among them (image.Command.InDockerfile).
func OnCommand(check func(*Pass, *image.Command), programs ...string) Adapter {
	return Adapter{Subject: "a command", comments: true, document: func(p *Pass, doc *workspace.Document) {
		if doc.Dockerfile == nil {
			return
		}
		for _, c := range doc.Dockerfile.Commands(programs...) {
			check(p, c)
		}
	}}
}

// OnImage makes the check of a rule about one build stage.
func OnImage(check func(*Pass, *image.Image)) Adapter {
	return Adapter{Subject: "a stage", comments: true, document: func(p *Pass, doc *workspace.Document) {
		if doc.Dockerfile == nil {
			return
		}
		for _, img := range doc.Dockerfile.Images {
			check(p, img)
		}
	}}
}

// OnTimeline makes the check of a rule about what one build stage, and a container that is started from it, does with
// Nix. It skips stages without events.
func OnTimeline(check func(*Pass, *nixuse.Image)) Adapter {
	return Adapter{
		Subject:  "the Nix timeline of a stage",
		comments: true,
		document: func(p *Pass, doc *workspace.Document) {
			if doc.Nix == nil {
				return
			}
			for _, img := range doc.Nix.Images {
				if len(img.Events)+len(img.Starts) > 0 {
					check(p, img)
				}
			}
		},
	}
}

// OnTimelines makes the check of a rule about what all stages of a Dockerfile do with Nix, for a rule that compares
// many events and must not begin anew in each stage.
func OnTimelines(check func(*Pass, *nixuse.Model)) Adapter {
	return Adapter{Subject: "the Nix timelines of a Dockerfile", comments: true,
		document: func(p *Pass, doc *workspace.Document) {
			if doc.Nix != nil {
				check(p, doc.Nix)
			}
		}}
}

// OnDockerfile makes the check of a rule about a whole Dockerfile.
func OnDockerfile(check func(*Pass, *image.Dockerfile)) Adapter {
	return Adapter{Subject: "a Dockerfile", comments: true, document: func(p *Pass, doc *workspace.Document) {
		if doc.Dockerfile != nil {
			check(p, doc.Dockerfile)
		}
	}}
}

// OnProfile makes the check of a rule about one seccomp profile: a file, one of several resources in a file, or the
// text of a label. The runner maps what it reports from the profile's own text to the file that holds it.
func OnProfile(check func(*Pass, *workspace.Profile)) Adapter {
	return Adapter{Subject: "a seccomp profile", document: func(p *Pass, doc *workspace.Document) {
		for _, profile := range doc.Profiles {
			on := *p
			on.report = func(f Finding) { p.report(InHost(profile, f)) }
			check(&on, profile)
		}
	}}
}

// OnRun makes the check of a rule about one container that a file starts: a service of Compose, a command of docker, a
// dev container and so on. Parts of a run may stand in another file, which is a document with the same run: what the
// rule reports there is dropped in this one.
func OnRun(check func(*Pass, *runs.Run)) Adapter {
	document := func(p *Pass, doc *workspace.Document) {
		if len(doc.Runs) == 0 {
			return
		}
		on := *p
		on.report = func(f Finding) {
			if f.File.Path == doc.Source.Path {
				p.report(f)
			}
		}
		for _, run := range doc.Runs {
			check(&on, p.Workspace.Configured(run))
		}
	}
	return Adapter{Subject: "a container that is run", comments: true, document: document}
}

// OnBuildOptions makes the check of a rule about the security options that a file gives to image builds:
// Document.Ignored.
func OnBuildOptions(check func(*Pass, *workspace.Document)) Adapter {
	return Adapter{Subject: "a command that builds an image", comments: true,
		document: func(p *Pass, doc *workspace.Document) {
			if len(doc.Ignored) > 0 {
				check(p, doc)
			}
		}}
}

// OnFile makes the check of a rule about every file, whatever its format.
func OnFile(check func(*Pass, *workspace.Document)) Adapter {
	return Adapter{Subject: "a file", comments: true, document: check}
}

// OnDocument makes the check of a rule about a document of the format whose Open makes a T.
func OnDocument[T any](subject string, check func(*Pass, T)) Adapter {
	return Adapter{Subject: subject, comments: true, document: func(p *Pass, doc *workspace.Document) {
		if value, ok := doc.Value.(T); ok {
			check(p, value)
		}
	}}
}

// External marks the check of a rule as one that asks another program, which may not be installed everywhere. Its
// findings count in the proof of its own fixes alone, so the fixes of other rules do not depend on the program. Where
// the program is not there, nothing that the rule would find is called unused.
func External(a Adapter, there bool) Adapter {
	a.external, a.idle = true, !there
	return a
}

// Joined makes the check of a rule about several kinds of subject in a file, such as a text and the command that writes
// it. None of them may be OnWorkspace.
func Joined(subject string, checks ...Adapter) Adapter {
	out := Adapter{Subject: subject, comments: true}
	out.document = func(p *Pass, doc *workspace.Document) {
		for _, check := range checks {
			check.document(p, doc)
		}
	}
	return out
}

// OnWorkspace makes the check of a rule about all files together. It runs once, after all files have been checked one
// by one; Pass.Documents opens them.
func OnWorkspace(check func(*Pass)) Adapter {
	return Adapter{Subject: "the workspace", comments: true, workspace: check}
}

// Documents opens the files of the workspace, one after the other in order of path: those of the given kinds, or all.
// It skips files that cannot be opened; the run reports them.
func (p *Pass) Documents(kinds ...files.Kind) iter.Seq[*workspace.Document] {
	return func(yield func(*workspace.Document) bool) {
		for _, e := range p.Workspace.Entries {
			if len(kinds) > 0 && !has(kinds, e.Kind) {
				continue
			}
			if doc, err := p.Workspace.Open(e); err == nil && !yield(doc) {
				return
			}
		}
	}
}

func has[T comparable](list []T, v T) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}
