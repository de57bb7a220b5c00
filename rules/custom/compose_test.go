package custom

import "testing"

func TestComposeServices(t *testing.T) {
	passes(t, composePack)
}

const composePack = `pack "x" {}

rule "privileged" {
  summary = "no service is privileged"
  on      = compose.service
  when    = node.privileged
  at      = node.privileged
  message = "${node.name} is privileged"

  test "an anchor" {
    bad = <<-EOT
      x-base: &base
        privileged: true
      services:
        a:
          image: debian:12
          <<: *base
        b:
          image: debian:12
    EOT
    expect {
      line    = 2
      column  = 15
      message = "a is privileged"
    }
  }
  test "an alias of a service, and extends" {
    bad = <<-EOT
      services:
        a: &a
          image: debian:12
          privileged: yes
        b: *a
        c:
          extends: a
        d:
          extends: { service: a }
          privileged: false
    EOT
    expect { message = "a is privileged" }
    expect { message = "b is privileged" }
    expect { message = "c is privileged" }
  }
  test "the override file grants it, and that is the place" {
    path  = "compose.override.yaml"
    bad   = "services:\n  a:\n    privileged: true\n"
    files = { "compose.yaml" = "services:\n  a:\n    image: debian:12\n" }
    expect {
      line   = 3
      column = 17
    }
  }
  test "the override file takes it away" {
    good  = "services:\n  a:\n    image: debian:12\n    privileged: true\n"
    files = { "compose.override.yaml" = "services:\n  a:\n    privileged: false\n" }
  }
  test "a variable decides" {
    good = "services:\n  a:\n    image: debian:12\n    privileged: $${PRIVILEGED:-true}\n"
  }
  test "it is not said" {
    good = "services:\n  a:\n    image: debian:12\n"
  }
}

rule "drop" {
  summary = "all capabilities are dropped"
  on      = compose.service
  when    = !contains(node.cap_drop, "ALL")
  message = "${node.name} keeps capabilities"

  test "none, and another" {
    bad = <<-EOT
      services:
        a: { image: "debian:12" }
        b:
          image: debian:12
          cap_drop: [CAP_CHOWN]
        c:
          image: debian:12
          cap_drop: [all]
    EOT
    expect {
      line   = 2
      column = 3
    }
    expect { line = 3 }
  }
  test "another file may do so" {
    good = "services:\n  a:\n    extends: { file: ../base.yaml, service: b }\n"
  }
  test "the override file does so" {
    good  = "services:\n  a:\n    image: debian:12\n"
    files = { "compose.override.yaml" = "services:\n  a:\n    cap_drop: [ALL]\n" }
  }
  test "a service that only the override file has" {
    path  = "compose.override.yml"
    bad   = "services:\n  b:\n    image: debian:12\n"
    files = { "compose.yaml" = "services:\n  a:\n    image: debian:12\n    cap_drop: [ALL]\n" }
    expect { line = 2 }
  }
  test "two documents of one file" {
    good = "services:\n  a:\n    image: debian:12\n---\nservices:\n  a:\n    cap_drop: [ALL]\n"
  }
}

rule "cap" {
  summary = "a capability that nobody needs"
  on      = compose.service
  when    = contains(node.cap_add, "SYS_ADMIN")
  at      = node.cap_add[index(node.cap_add, "SYS_ADMIN")]
  message = "${node.name} may mount"

  fix {
    title         = "remove it, and read the file system only"
    applicability = "unsafe"
    delete { target = node.cap_add[index(node.cap_add, "SYS_ADMIN")] }
    replace {
      target = node.read_only
      with   = "true"
    }
  }

  test "two of them" {
    bad   = <<-EOT
      services:
        a:
          image: debian:12
          read_only: false # for now
          cap_add:
            - CHOWN
            - SYS_ADMIN
    EOT
    fixed = <<-EOT
      services:
        a:
          image: debian:12
          read_only: true # for now
          cap_add:
            - CHOWN
    EOT
  }
  test "a list of others" {
    good = "services:\n  a:\n    image: debian:12\n    cap_add: [CHOWN]\n"
  }
}

rule "build" {
  summary = "builds are as agreed"
  on      = compose.service
  when    = node.builds && (node.build.dockerfile == "Dockerfile.old" || lookup(node.build_args, "DEBUG", "") != "")
  at      = node.build.dockerfile
  message = "${node.name} is built from ${node.build.dockerfile}"

  test "the file" {
    bad = "services:\n  a:\n    build:\n      context: .\n      dockerfile: Dockerfile.old\n"
    expect {
      line    = 5
      column  = 19
      message = "a is built from Dockerfile.old"
    }
  }
  test "an argument" {
    bad = "services:\n  a:\n    build:\n      context: .\n      args: [DEBUG=1]\n"
    expect { line = 2 }
  }
  test "an argument from the environment is not known" {
    good = "services:\n  a:\n    build:\n      args: [DEBUG]\n  b:\n    build: ./b\n  c:\n    image: debian:12\n"
  }
}

rule "others" {
  summary = "what a service has"
  on      = compose.service
  when = (node.image == "debian:12" && node.user == "0:0" && node.read_only && node.pid == "host" &&
    node.ipc == "host" && node.network_mode == "host" && node.userns_mode == "host" &&
    node.platform == "linux/arm64" && contains(node.security_opt, "seccomp=unconfined") &&
    contains(node.devices, "/dev/kvm:/dev/kvm") && contains(node.volumes, "/:/host") &&
    contains(node.volumes, "data:/var/lib/data") && contains(node.ports, "127.0.0.1:80:8080") &&
    node.environment["A"] == "1" && join(" ", node.command) == "make it" && length(node.entrypoint) == 0 &&
    contains(node.env_files, "a.env") && contains(node.profiles, "debug") && length(file.services) == 1)
  at      = node.security_opt[0]
  message = "it has all of it"

  test "all of it" {
    bad = <<-EOT
      services:
        a:
          image: debian:12
          user: "0:0"
          read_only: true
          pid: host
          ipc: host
          network_mode: host
          userns_mode: host
          platform: linux/arm64
          security_opt:
            - seccomp:unconfined
          devices: ["/dev/kvm:/dev/kvm"]
          volumes:
            - /:/host
            - type: volume
              source: data
              target: /var/lib/data
          ports:
            - host_ip: 127.0.0.1
              published: 80
              target: 8080
          environment: { A: 1 }
          env_file: a.env
          command: make it
          profiles: [debug]
    EOT
    expect {
      line   = 12
      column = 9
    }
  }
  test "none of it" { good = "services:\n  a:\n    image: debian:12\n" }
}
`
