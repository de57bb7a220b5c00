package config

import (
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/presets"
)

// This file describes the configuration as a JSON Schema, for the JSON that says the same: an attribute is a member, a
// block without a label an object, one that may come more than once a list of objects, and blocks with labels an object
// with a member for each label. No editor checks HCL by a JSON Schema; programs that write or explain configurations
// read it. TestSchema compares it with what the reader accepts.

type object = map[string]any

func described(doc string, o object) object {
	o["description"] = doc
	return o
}

func enum(values ...string) object { return object{"type": "string", "enum": values} }

// stringList is a list of strings, for which one string will do.
func stringList() object {
	return object{"oneOf": []object{{"type": "string"}, {"type": "array", "items": object{"type": "string"}}}}
}

// closed is an object that has no other members.
func closed(properties object) object {
	return object{"type": "object", "additionalProperties": false, "properties": properties}
}

// Schema returns the JSON Schema of configurations, with the rules of packs.
func Schema(packs []rules.Pack) map[string]any {
	var names, ids []string
	for _, p := range presets.All() {
		names = append(names, p.Name)
	}
	targets := object{}
	for _, consumer := range workspace.Consumers() {
		targets[consumer] = stringList()
	}
	for _, r := range rules.All(packs) {
		ids = append(ids, r.ID)
	}
	rule := closed(object{
		"severity": described("the severity of what the rule finds; off switches it off",
			enum("off", "style", "info", "warning", "error")),
		"enabled": described("whether the rule is on", object{"type": "boolean"}),
		"fix": described("none: offer no fix; safe: only safe ones; unsafe: apply unsafe ones as safe ones are",
			enum(fixLevels...)),
		"options": described("the options of the rule; \"sandlint rule ID\" lists them", object{"type": "object"}),
	})
	shared := func() object {
		return object{
			"preset":       described("the rules to begin with", enum(names...)),
			"select":       described("ids, aliases and packs of rules that are switched on", stringList()),
			"ignore":       described("those that are switched off", stringList()),
			"fail_on":      described("the lowest severity that makes a run fail", enum(levels...)),
			"suppressions": described("the linters whose comments suppress findings", stringList()),
			"target":       described("the releases that the files are for", closed(targets)),
			"rule": described("settings by rule, alias, pack, or all", object{
				"type": "object", "additionalProperties": rule, "examples": ids,
			}),
		}
	}
	override := shared()
	override["paths"] = described("the patterns of the files that the block is about", stringList())
	required := closed(override)
	required["required"] = []string{"paths"}
	top := shared()
	top["required_version"] = described("conditions on the release of sandlint, such as \">= 0.1, < 2\"",
		object{"type": "string"})
	top["extends"] = described("files that this one extends, relative to it; the later wins", stringList())
	top["exclude"] = described("patterns of the files and folders that a search leaves out", stringList())
	top["baseline"] = described("the baseline, in the folder of the file or below", object{"type": "string"})
	top["packs"] = described("rule packs: files, folders, or builtin:NAME", stringList())
	top["pack"] = described("the values of the variables of packs, by the names of the packs", object{
		"type": "object", "additionalProperties": object{"type": "object"},
	})
	top["override"] = described("settings for some files", object{"type": "array", "items": required})
	top["ignores"] = described("which comments that suppress findings are accepted", closed(object{
		"policy":         described("warn reports them, deny does not heed them", enum("allow", "warn", "deny")),
		"require_reason": described("whether each needs a reason", object{"type": "boolean"}),
		"longest": described("how far their end date may lie, such as 90d",
			object{"type": "string", "pattern": "^[1-9][0-9]*d$"}),
	}))
	text := object{"type": "string"}
	top["accept"] = described("findings that are accepted, by their fingerprints", object{
		"type": "object",
		"additionalProperties": closed(object{
			"rule":   described("the rule of the finding", text),
			"reason": described("why it is accepted", text),
			"until":  described("the last day of that, such as 2026-12-31", text),
		}),
	})
	schema := closed(top)
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "The configuration of sandlint, as JSON"
	return schema
}
