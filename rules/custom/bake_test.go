package custom

import "testing"

func TestBakeTargets(t *testing.T) {
	passes(t, bakePack)
}

const bakePack = `pack "x" {}

rule "platform" {
  summary = "images are built for the agreed platforms"
  on      = bake.target
  when    = contains(node.platforms, "linux/386")
  at      = node.platforms[index(node.platforms, "linux/386")]
  message = "${node.name} is built for a platform that nobody has"

  fix {
    title         = "build for linux/amd64"
    applicability = "unsafe"
    replace {
      target = node.platforms[index(node.platforms, "linux/386")]
      with   = "linux/amd64"
    }
  }

  test "one is inherited" {
    bad   = <<-EOT
      target "base" {
        platforms = ["linux/arm64", "linux/386"] # both
      }
      target "app" {
        inherits = ["base"]
        platforms = ["linux/amd64"]
      }
    EOT
    fixed = <<-EOT
      target "base" {
        platforms = ["linux/arm64", "linux/amd64"] # both
      }
      target "app" {
        inherits = ["base"]
        platforms = ["linux/amd64"]
      }
    EOT
    expect {
      line    = 2
      column  = 32
      message = "base is built for a platform that nobody has"
    }
  }
  test "JSON" {
    path  = "docker-bake.json"
    bad   = "{\"target\": {\"app\": {\"platforms\": [\"linux/386\"]}}}\n"
  }
  test "another file may set it" { good = "target \"app\" {\n  inherits = [\"of-another-file\"]\n}\n" }
  test "a variable" {
    good = "variable \"P\" {\n  default = \"linux/386\"\n}\ntarget \"app\" {\n  platforms = [P]\n}\n"
  }
}

rule "target" {
  summary = "what a target has"
  on      = bake.target
  when = (node.context == "." && node.dockerfile == "a.Dockerfile" && node.target == "run" &&
    contains(node.tags, "app:1") && contains(node.entitlements, "network.host") && node.args["A"] == "1" &&
    node.contexts["b"] == "./b" && node.call == "" && node.inline == "" && length(node.inherits) == 0 &&
    !node.abstract && length(file.targets) == 1)
  at      = node.args["A"]
  message = "it has all of it"

  test "all of it" {
    bad = <<-EOT
      target "app" {
        context    = "."
        dockerfile = "a.Dockerfile"
        target     = "run"
        tags       = ["app:1"]
        network    = "host"
        args       = { A = "1" }
        contexts   = { b = "./b" }
      }
    EOT
    expect { line = 7 }
  }
  test "none of it" { good = "target \"app\" {}\n" }
}
`
