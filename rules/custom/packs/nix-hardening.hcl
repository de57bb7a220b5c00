# What a Nix installation in a company should and should not say, stricter than the rules of the pack "nix", which report
# only what is wrong for everybody.

pack "nix-hardening" {
  version          = "1.0.0"
  required_version = ">= 0.1"
  description      = "Substituters, keys, users and sandbox of Nix, held to what a team allows"
}

variable "allowed_substituters" {
  description = "The binary caches that may be used, without a slash at the end; all may while the list is empty."
  default     = []
}

variable "allowed_keys" {
  description = "The names of the keys that may sign store paths, which stand before the colon; all may while the list is empty."
  default     = []
}

variable "trusted_users" {
  description = "The users whom the daemon may trust."
  default     = ["root"]
}

locals {
  off = ["false", "0", "no"]
  on  = ["true", "1", "yes"]
}

rule "sandbox-off" {
  summary     = "builds run without Nix's sandbox"
  on          = nix.setting
  severity    = "error"
  category    = "security"
  when        = (
    contains(["sandbox", "build-use-sandbox"], node.canonical) &&
    contains(["false", "relaxed"], lower(node.value)) &&
    !node.overridden
  )
  at          = node.value
  message     = "a build can read the files and reach the network of this machine: set sandbox = true"
  description = <<-EOT
    Without the sandbox a build depends on what happens to lie on the machine, and a hostile one can read keys. In a
    container that cannot make namespaces, build elsewhere or give the container what the sandbox needs: `sandlint
    seccomp derive --for nix-sandbox`.
  EOT

  test "off" {
    bad = "sandbox = false\n"
    expect {
      line   = 1
      column = 11
    }
  }
  test "on" {
    good = "sandbox = true\nsandbox-paths = /bin/sh\n"
  }
}

rule "sandbox-fallback" {
  summary     = "Nix builds without its sandbox where it cannot have it"
  on          = nix.setting
  category    = "security"
  when        = node.canonical == "sandbox-fallback" && contains(local.on, node.value) && !node.overridden
  at          = node.value
  message     = "a build without sandbox is not noticed: set sandbox-fallback = false, so that it fails"
  description = "The default is true: write the setting, so that a machine without namespaces says so."

  fix {
    title         = "set sandbox-fallback = false"
    applicability = "unsafe"
    replace {
      target = node.value
      with   = "false"
    }
  }

  test "allowed" {
    bad   = "sandbox-fallback = true\n"
    fixed = "sandbox-fallback = false\n"
  }
  test "refused" {
    good = "sandbox-fallback = false\n"
  }
}

rule "syscall-filter-off" {
  summary     = "builds may make setuid programs"
  on          = nix.setting
  category    = "security"
  when        = node.canonical == "filter-syscalls" && contains(local.off, node.value) && !node.overridden
  at          = node.value
  message     = "a build can make setuid files and write extended attributes: leave filter-syscalls on, but in images for an emulated platform"
  description = "The filter keeps a build from leaving a setuid program in the store. An emulator without seccomp needs it off."

  test "off" {
    bad = "filter-syscalls = false\n"
  }
  test "on" {
    good = "filter-syscalls = true\n"
  }
}

rule "signatures-off" {
  summary     = "store paths are taken without a signature"
  on          = nix.setting
  severity    = "error"
  category    = "security"
  when        = node.canonical == "require-sigs" && contains(local.off, node.value) && !node.overridden
  at          = node.value
  message     = "any cache, or anybody on the way to it, decides what runs here: leave require-sigs on"
  description = "A signature shows that a key of trusted-public-keys made the store path; without it, the address is all that is checked."

  test "off" {
    bad = "require-sigs = false\n"
  }
  test "on" {
    good = "require-sigs = true\n"
  }
}

rule "substituter-not-allowed" {
  summary     = "a binary cache is not among those that are allowed"
  on          = nix.setting
  severity    = "error"
  category    = "security"
  when        = (
    length(var.allowed_substituters) > 0 &&
    contains(["substituters", "trusted-substituters"], node.canonical) &&
    !alltrue([for s in node.words : contains(var.allowed_substituters, trimsuffix(split("?", s)[0], "/"))])
  )
  at          = node.value
  message     = "${join(" and ", [for s in node.words : s if !contains(var.allowed_substituters, trimsuffix(split("?", s)[0], "/"))])} is not an allowed cache; those are ${join(", ", var.allowed_substituters)}"
  description = "Set `allowed_substituters` in the configuration, such as `[\"https://cache.nixos.org\", \"https://cache.example\"]`."

  test "another cache" {
    bad  = "substituters = https://cache.nixos.org https://other.example\n"
    vars = { allowed_substituters = ["https://cache.nixos.org"] }
    expect {
      line    = 1
      message = "https://other.example is not an allowed cache; those are https://cache.nixos.org"
    }
  }
  test "allowed, with a slash and a priority" {
    good = "extra-substituters = https://cache.example/?priority=10\nsubstituters = https://cache.nixos.org/\n"
    vars = { allowed_substituters = ["https://cache.nixos.org", "https://cache.example"] }
  }
}

rule "key-not-allowed" {
  summary     = "a key may sign store paths that is not among those that are allowed"
  on          = nix.setting
  severity    = "error"
  category    = "security"
  when        = (
    length(var.allowed_keys) > 0 &&
    node.canonical == "trusted-public-keys" &&
    !alltrue([for k in node.words : contains(var.allowed_keys, split(":", k)[0])])
  )
  at          = node.value
  message     = "${join(" and ", [for k in node.words : split(":", k)[0] if !contains(var.allowed_keys, split(":", k)[0])])} is not an allowed key; those are ${join(", ", var.allowed_keys)}"
  description = "Whoever has the key decides what runs here. Set `allowed_keys` in the configuration, such as `[\"cache.nixos.org-1\"]`."

  test "another key" {
    bad  = "trusted-public-keys = cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY= other-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    vars = { allowed_keys = ["cache.nixos.org-1"] }
  }
  test "allowed" {
    good = "extra-trusted-public-keys = cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=\n"
    vars = { allowed_keys = ["cache.nixos.org-1"] }
  }
}

rule "plain-http-cache" {
  summary     = "a binary cache is fetched without encryption"
  on          = nix.setting
  category    = "security"
  when        = (
    contains(["substituters", "trusted-substituters"], node.canonical) &&
    anytrue([for s in node.words : startswith(s, "http://") && !matches(s, "^http://(localhost|127\\.|\\[::1\\])")])
  )
  at          = node.value
  message     = "${join(" and ", [for s in node.words : s if startswith(s, "http://")])} shows everybody on the way what is built here: use https"
  description = "Signatures still protect what is fetched; what is asked for, and what is not there, can be seen and forged."

  fix {
    title         = "use https"
    applicability = "unsafe"
    replace {
      target = node.value
      with   = join(" ", [for s in node.words : matches(s, "^http://(localhost|127\\.|\\[::1\\])") ? s : replace(s, "http://", "https://")])
    }
  }

  test "http" {
    bad   = "substituters = https://cache.nixos.org http://cache.example\n"
    fixed = "substituters = https://cache.nixos.org https://cache.example\n"
  }
  test "https and this machine" {
    good = "substituters = https://cache.nixos.org http://localhost:8080\n"
  }
}

rule "user-not-trusted" {
  summary     = "the daemon trusts a user who should not be"
  on          = nix.setting
  severity    = "error"
  category    = "security"
  when        = node.canonical == "trusted-users" && !alltrue([for u in node.words : contains(var.trusted_users, u)])
  at          = node.value
  message     = "${join(" and ", [for u in node.words : u if !contains(var.trusted_users, u)])} can become root by way of the daemon: trusted are ${join(", ", var.trusted_users)}"
  description = "A trusted user may add caches and keys, switch the sandbox off and import store paths without signatures. Set `trusted_users` in the configuration."

  test "another user" {
    bad = "trusted-users = root alice\n"
    expect {
      line = 1
    }
  }
  test "a group" {
    bad = "extra-trusted-users = @wheel\n"
  }
  test "root" {
    good = "trusted-users = root\nallowed-users = @wheel\n"
  }
}

rule "flake-config-accepted" {
  summary     = "a flake's own settings are accepted without asking"
  on          = nix.setting
  severity    = "error"
  category    = "security"
  when        = node.canonical == "accept-flake-config" && contains(local.on, node.value) && !node.overridden
  at          = node.value
  message     = "every flake that is evaluated can add caches, keys and hooks: leave accept-flake-config off"
  description = "nixConfig of a flake may set almost anything; Nix asks for each setting unless this is on."

  test "accepted" {
    bad = "accept-flake-config = true\n"
  }
  test "asked" {
    good = "accept-flake-config = false\n"
  }
}

rule "build-hook" {
  summary     = "Nix runs a program of the configuration after or before each build"
  on          = nix.setting
  severity    = "info"
  category    = "security"
  when        = (
    contains(["post-build-hook", "pre-build-hook", "diff-hook"], node.canonical) &&
    node.value != "" &&
    !node.overridden
  )
  at          = node.value
  message     = "${node.value} runs as root for every build: it must belong to root and be writable for nobody else"
  description = "Hooks run as the daemon's user. A hook in a home folder or in /tmp gives root to its owner."

  test "a hook" {
    bad = "post-build-hook = /etc/nix/upload.sh\n"
  }
  test "none" {
    good = "post-build-hook =\ncores = 4\n"
  }
}

rule "signatures-off-for-command" {
  summary     = "a command takes store paths without a signature"
  on          = nix.command
  severity    = "error"
  category    = "security"
  when        = (
    lookup(node.settings, "require-sigs", "") == "false" &&
    (contains(node.options, "require-sigs") || contains(node.words, "--no-require-sigs"))
  )
  message     = "any cache, or anybody on the way to it, decides what this command installs: leave require-sigs on"
  description = "What is right for one command belongs into the configuration, where it can be seen."

  test "no signatures" {
    bad = "FROM nixos/nix:2.31.1\nRUN nix-env --option require-sigs false -iA nixpkgs.hello\n"
  }
  test "plain" {
    good = "FROM nixos/nix:2.31.1\nRUN nix-env -iA nixpkgs.hello\n"
  }
}
