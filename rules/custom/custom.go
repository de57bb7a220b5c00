// Package custom is the language of rule packs: rules that users write in HCL, with their tests inside.
//
//	pack "acme" { version = "1.0.0" }
//
//	rule "base-image-registry" {
//	  summary  = "base images come from the company registry"
//	  on       = dockerfile.from
//	  severity = "error"
//	  when     = !node.is_stage && !startswith(node.image, "images.example/")
//	  at       = node.image
//	  message  = "base image ${node.image} is not from images.example"
//
//	  test "another registry" { bad = "FROM debian:12\n" }
//	  test "the company's" { good = "FROM images.example/debian:12\n" }
//	}
//
// A pack is read (Read), gets the values of its variables and is checked as a whole (Source.Pack), and is then a
// rules.Pack like any other: selection, severities, suppressions, reports and the proof of fixes are those of built-in
// rules. What expressions can ask is in Kinds and Functions; the checks at load time, the reference page and completion
// all come from these two lists. Expressions see nothing else: no files, no clock, no environment.
//
// What the files do not determine is an unknown value, and what depends on it is unknown too. A rule whose condition is
// unknown is silent.
//
// Evaluation is bounded in steps and memory (meter.go), and a pack that cannot be right is refused when it is loaded.
// To add a kind of node, write a value of Kind beside its neighbours (dockerfile.go, nix.go, …); to add a function, a
// line in Functions.
package custom

import (
	"github.com/sandlint/sandlint/parsers/source"
)

// Error is what is wrong with an expression of a pack while it runs.
type Error struct {
	// Source is the pack's file, and Problem the place in it.
	Source  *source.File
	Problem source.Problem
}

func (e *Error) Error() string { return e.Problem.Message }
