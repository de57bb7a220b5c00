package dockerfile

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/copies"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/grammar"
)

var badGitAddress = &rules.Rule{
	ID:       "dockerfile/bad-git-address",
	Summary:  "the address of a Git repository has a query that BuildKit refuses, so the build fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Dockerfile release notes, 1.18.0 of 2025-09-03: query parameters in Git URLs, moby/buildkit#6172",
		"BuildKit v0.34.2, frontend/dockerfile/dfgitutil/git_ref.go: loadQuery",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		d := s.Dockerfile()
		if s.Broken || grammar.Again(s) || d.Foreign() || d.Frontend != nil && d.Frontend.Before(1, 18) {
			return
		}
		for _, source := range copies.Sources(s) {
			if !source.Known || !copies.IsGit(source.Text) && !strings.HasPrefix(source.Text, "github.com/") {
				continue
			}
			if fault := gitFault(source.Text); fault != "" {
				p.Report(grammar.Weaken(d, grammar.Trigger(s, rules.Finding{
					File: d.Source, Span: source.Word.Span, Message: fault,
				})))
			}
		}
	}, "ADD"),
}

// gitKeys are the keys of the query of a repository's address.
var gitKeys = []string{
	"branch", "checksum", "commit", "fetch-by-commit", "keep-git-dir", "mtime", "ref", "subdir", "submodules", "tag",
}

// gitFault says why BuildKit refuses the address of a repository, "" where it does not.
func gitFault(address string) string {
	address, fragment, _ := strings.Cut(address, "#")
	_, query, _ := strings.Cut(address, "?")
	values, _ := url.ParseQuery(query) // like BuildKit, without the parts that are none
	if len(values) == 0 {
		return ""
	}
	given := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value := values[key]
		isBool := key == "submodules" || key == "keep-git-dir" || key == "fetch-by-commit"
		switch {
		case !slices.Contains(gitKeys, key):
			message := fmt.Sprintf("the address of a repository has no key %q, so the build fails", key)
			if near := source.Nearest(strings.ToLower(key), gitKeys); near != "" {
				return message + fmt.Sprintf("; did you mean %q?", near)
			}
			return message + "; it can have " + strings.Join(gitKeys, ", ")
		case len(value) > 1:
			return fmt.Sprintf("the address has %q %d times, so the build fails", key, len(value))
		case value[0] == "" && !isBool:
			return fmt.Sprintf("%q has no value in the address, so the build fails", key)
		case isBool && value[0] != "":
			if _, err := strconv.ParseBool(value[0]); err != nil {
				return fmt.Sprintf("%s is %q in the address; it can be true or false, so the build fails", key,
					value[0])
			}
		case key == "mtime" && value[0] != "checkout" && value[0] != "commit":
			return fmt.Sprintf("mtime is %q in the address; it can be checkout or commit, so the build fails", value[0])
		}
		given[key] = value[0]
	}
	return gitConflict(given, fragment)
}

// gitConflict says which parts of an address contradict each other, "" where none do.
func gitConflict(given map[string]string, fragment string) string {
	ref, subdir, _ := strings.Cut(fragment, ":")
	conflict := func(what, a, b string) string {
		return fmt.Sprintf("the address has two %s, %q and %q, so the build fails", what, a, b)
	}
	if other := given["subdir"]; other != "" && subdir != "" && strings.Trim(subdir, "/") != other {
		return conflict("folders", other, subdir)
	}
	if given["tag"] != "" && given["branch"] != "" {
		return conflict("references", given["tag"], given["branch"])
	}
	for _, key := range []string{"ref", "tag", "branch"} {
		other := given[key]
		if other == "" {
			continue
		}
		prefix := map[string]string{"tag": "refs/tags/", "branch": "refs/heads/"}[key]
		if !strings.HasPrefix(other, prefix) {
			other = prefix + other
		}
		if ref != "" && ref != other {
			return conflict("references", ref, other)
		}
		ref = other
	}
	return ""
}
