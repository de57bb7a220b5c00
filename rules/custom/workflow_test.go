package custom

import "testing"

func TestWorkflows(t *testing.T) {
	passes(t, workflowPack)
}

const workflowPack = `pack "x" {}

rule "pinned" {
  summary = "actions are pinned"
  on      = workflow.step
  when    = node.action != "" && !startswith(node.action, "./") && !matches(node.ref, "^[0-9a-f]{40}$")
  at      = node.ref
  message = "${node.action} of job \"${node.job}\" is ${node.ref}"

  fix {
    title         = "pin it"
    applicability = "unsafe"
    replace {
      target = node.ref
      with   = "9999999999999999999999999999999999999999"
    }
  }

  test "in a workflow" {
    bad = <<-EOT
      on: push
      jobs:
        a:
          runs-on: ubuntu-24.04
          steps:
            - uses: actions/checkout@v5
            - uses: ./.github/actions/own
            - uses: actions/cache@0123456789012345678901234567890123456789
            - run: make
    EOT
    expect {
      line    = 6
      column  = 32
      message = "actions/checkout of job \"a\" is v5"
    }
  }
  test "in an action" {
    path  = "tools/own/action.yml"
    bad   = "runs:\n  using: composite\n  steps:\n    - uses: 'a/checkout@main' # the newest\n"
    fixed = "runs:\n  using: composite\n  steps:\n    - uses: 'a/checkout@9999999999999999999999999999999999999999' # the newest\n"
    expect {
      line    = 4
      message = "a/checkout of job \"\" is main"
    }
  }
  test "elsewhere" {
    path = ".forgejo/workflows/a.yaml"
    bad  = "jobs: { a: { runs-on: docker, steps: [{ uses: actions/checkout@v5 }] } }\n"
  }
  test "of Gitea" {
    path = ".gitea/workflows/a.yaml"
    bad  = "jobs: { a: { runs-on: docker, steps: [{ uses: actions/checkout@v5 }] } }\n"
  }
  test "an expression" {
    good = "jobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@$${{ matrix.version }}\n"
  }
}

rule "step" {
  summary = "what a step has"
  on      = workflow.step
  when = (strcontains(node.run, "$${{ github.event") && node.name == "a" && node.id == "b" && node.shell == "bash" &&
    node.env["A"] == "1" && contains(node.runs_on, "ubuntu-24.04") && node.permissions["contents"] == "write" &&
    strcontains(node.if, "always") && length(node.with) == 0 && length(file.steps) == 2 && length(file.jobs) == 1)
  at      = node.env["A"]
  message = "it has all of it"

  test "all of it" {
    bad = <<-EOT
      on: push
      defaults: { run: { shell: bash } }
      permissions: { contents: write }
      jobs:
        a:
          runs-on: [self-hosted, ubuntu-24.04]
          steps:
            - uses: a/b@v1
              with: { a: '$${{ secrets.A }}' }
            - name: a
              id: b
              if: always()
              env: { A: 1 }
              run: |
                echo $${{ github.event.issue.title }}
    EOT
    expect {
      line   = 13
      column = 19
    }
  }
  test "none of it" { good = "jobs: { a: { runs-on: x, steps: [{ run: make }] } }\n" }
}

rule "secret" {
  summary = "inputs are not written out"
  on      = workflow.step
  when    = lookup(node.with, "password", "") != ""
  at      = node.with["password"]
  message = "the password ${node.with["password"]} is in the file"

  test "it is" {
    bad = "jobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: a/b@v1\n        with: { password: secret }\n"
    expect {
      line   = 6
      column = 27
    }
  }
  test "it is not" {
    good = <<-EOT
      jobs:
        a:
          runs-on: x
          steps:
            - uses: a/b@v1
              with:
                password: $${{ secrets.A }}
    EOT
  }
}

rule "job" {
  summary = "jobs run where they should"
  on      = workflow.job
  when = (node.timeout == "" &&
    (anytrue([for l in node.runs_on : l == "ubuntu-latest"]) || node.container == "debian:12"))
  at      = node.runs_on[0]
  message = "${node.id}: \"${node.uses}\", ${node.steps} steps, ${lookup(node.permissions, "all", "no")} access"

  test "two of three" {
    bad = <<-EOT
      permissions: read-all
      jobs:
        a:
          runs-on: ubuntu-latest
          steps: [{ run: make }]
        b:
          permissions: {}
          runs-on: own
          container: { image: debian:12 }
        c:
          runs-on: $${{ matrix.os }}
        d:
          runs-on: ubuntu-latest
          timeout-minutes: 5
    EOT
    expect {
      line    = 4
      column  = 14
      message = "a: \"\", 1 steps, read access"
    }
    expect {
      line    = 8
      message = "b: \"\", 0 steps, no access"
    }
  }
  test "a call" { good = "jobs: { a: { uses: ./.github/workflows/b.yml } }\n" }
}
`
