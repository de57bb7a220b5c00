//go:build js && wasm

// Command playground is sandlint as WebAssembly, for the page beside it: it gives JavaScript one function, sandlint,
// that takes a request and returns an answer, both JSON: see package playground.
package main

import (
	"syscall/js"

	"github.com/sandlint/sandlint/cmd/internal/playground"
	"github.com/sandlint/sandlint/rules/packs"
)

// version is the release of sandlint; the linker sets it.
var version = "unknown"

func main() {
	p := playground.New(version, packs.All())
	js.Global().Set("sandlint", js.FuncOf(func(_ js.Value, args []js.Value) any {
		return string(p.Call([]byte(args[0].String())))
	}))
	js.Global().Call("sandlintReady")
	select {}
}
