package custom

import "testing"

func TestContainerRuns(t *testing.T) {
	passes(t, containerPack)
}

const containerPack = `pack "x" {}

rule "socket" {
  summary = "no container gets the socket of the daemon"
  on      = container.run
  when    = anytrue([for m in node.mounts : startswith(m, "/var/run/docker.sock:")])
  at      = node.mounts[0]
  message = "a ${node.host} has the daemon, with ${node.engine}"

  test "a script" {
    bad = "#!/bin/sh\ndocker run -v /var/run/docker.sock:/s debian:12 make\n"
    expect {
      line    = 2
      column  = 15
      message = "a command has the daemon, with docker"
    }
  }
  test "a recipe" {
    path = "Makefile"
    bad  = "all:\n\tdocker run -v /var/run/docker.sock:/s debian:12\n"
    expect { line = 2 }
  }
  test "a workflow" {
    path = ".github/workflows/ci.yml"
    bad  = <<-EOT
      jobs:
        a:
          runs-on: ubuntu-24.04
          steps:
            - run: |
                docker run --rm -v /var/run/docker.sock:/s debian:12
    EOT
    expect {
      line   = 6
      column = 30
    }
  }
  test "a service" {
    path = "compose.yaml"
    bad  = "services:\n  a:\n    image: debian:12\n    volumes: ['/var/run/docker.sock:/s']\n"
    expect { line = 4 }
  }
  test "a unit" {
    path = "a.container"
    bad  = "[Container]\nImage=debian:12\nVolume=/var/run/docker.sock:/s\n"
    expect { message = "a quadlet has the daemon, with podman" }
  }
  test "a dev container" {
    path = ".devcontainer/devcontainer.json"
    bad  = "{\"image\": \"debian:12\", \"mounts\": [\"source=/var/run/docker.sock,target=/s,type=bind\"]}\n"
    expect { message = "a devcontainer has the daemon, with docker" }
  }
  test "a variable" { good = "#!/bin/sh\ndocker run -v $MOUNT -v /data:/data debian:12\n" }
}

rule "read-only" {
  summary = "containers cannot write to their root"
  on      = container.run
  when    = !node.read_only && node.image != "" && length(node.command) > 0
  message = "${node.image} can write; it runs ${node.command[0]}"

  test "it can" {
    bad = "#!/bin/sh\npodman run debian:12 make all\n"
    expect {
      line    = 2
      column  = 1
      message = "debian:12 can write; it runs make"
    }
  }
  test "it cannot" { good = "#!/bin/sh\ndocker run --read-only debian:12 make\n" }
  test "it may" { good = "#!/bin/sh\ndocker run $OPTIONS debian:12 make\n" }
}

rule "build-option" {
  summary = "builds get no security options"
  on      = container.build_option
  when    = node.name == "apparmor"
  at      = node.value
  message = "the profile ${node.value} is ignored"

  test "a build" {
    bad = "#!/bin/sh\ndocker build --security-opt apparmor=lax .\n"
    expect {
      line   = 2
      column = 38
    }
  }
  test "a run" { good = "#!/bin/sh\ndocker run --security-opt apparmor=lax debian:12\n" }
}
`
