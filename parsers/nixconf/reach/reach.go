// Package reach knows which Nix commands a setting of nix.conf reaches, and what goes wrong where one of them runs
// before the setting is in force.
package reach

import (
	"slices"
	"strings"
)

// Phase is a set of things that a Nix command does, and so of the settings that reach it.
type Phase uint

const (
	// Builds is building at least one derivation locally, whatever the caches hold.
	Builds Phase = 1 << iota
	// MayBuild is building what cannot be substituted.
	MayBuild
	// Substitutes is taking store paths from caches.
	Substitutes
	// Fetches is downloading sources, flakes or channels.
	Fetches
	// NewCommand is being a command of the new interface, which needs the experimental feature nix-command.
	NewCommand
	// Collects is deleting from the store.
	Collects
	// Daemon is starting a daemon, which then reads its configuration.
	Daemon
)

// Effect is what goes wrong where a setting comes too late for a command that it reaches.
type Effect int

const (
	// NoEffect means that nothing is known to go wrong.
	NoEffect Effect = iota
	// Wasted means that the command has the same result, but later or with more work.
	Wasted
	// Differs means that the command runs with different settings than the author asked for.
	Differs
	// Fails means that the command fails without the setting.
	Fails
)

// row says which phases a setting reaches, and what happens without it. The rows come from data/settings.json. Source:
// runs of Nix 2.8.0 and 2.34.8 with a filter that refuses seccomp(2), as an emulator does, and the uses of the settings
// in the source of Nix 2.35.
type row struct {
	setting string
	phases  Phase
	effect  Effect
}

// Of returns what happens where a setting, given by its canonical name, is not yet in force when a command with the
// given phases runs.
func Of(setting string, phases Phase) Effect {
	i, ok := slices.BinarySearchFunc(table[:], setting,
		func(r row, name string) int { return strings.Compare(r.setting, name) })
	if !ok || table[i].phases&phases == 0 {
		return NoEffect
	}
	return table[i].effect
}
