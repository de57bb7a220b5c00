# The part of the CIS Docker Benchmark that a Dockerfile decides: section 4, container images and build files.
# The recommendations 4.4 (scan and rebuild images), 4.5 (content trust) and 4.12 (signed artifacts) are about how images
# are built and run, and have no rule here.

pack "cis-docker" {
  version          = "1.0.0"
  required_version = ">= 0.1"
  docs_url         = "https://www.cisecurity.org/benchmark/docker"
  description      = "CIS Docker Benchmark, section 4"
}

variable "trusted_registries" {
  description = "Registries, or folders in them, that base images may come from; all may while the list is empty."
  default     = []
}

variable "unwanted_packages" {
  description = "Packages that have no place in an image."
  default = [
    "openssh-server", "telnet", "telnetd", "inetutils-telnetd", "rsh-server", "rsh-client", "ftp", "vsftpd", "proftpd",
    "tftpd", "tftpd-hpa", "nis", "xinetd", "snmpd", "avahi-daemon", "cups",
  ]
}

variable "secret_names" {
  description = "What the names of variables that hold secrets look like: a regular expression."
  default     = "(?i)(^|_)(password|passwd|passphrase|secret|token|api_?key|access_?key|private_?key|credentials?)$"
}

rule "user-required" {
  summary     = "an image runs as root"
  on          = dockerfile.stage
  severity    = "warning"
  category    = "security"
  when        = node.final && !node.windows && node.user == "root" && node.image != "scratch"
  at          = node.image
  message     = "the image runs as root: create a user, and name it in USER"
  tags        = ["4.1"]
  description = <<-EOT
    CIS Docker Benchmark 4.1: a container needs a user of its own. What breaks out of a process that runs as root in a
    container has root's rights wherever the container's walls have a hole: a mounted folder, the socket of Docker, a
    fault in the kernel.
  EOT

  test "no USER" {
    bad = <<-EOT
      FROM debian:12
      RUN useradd --system app
      CMD ["/srv/app"]
    EOT
    expect {
      line   = 1
      column = 6
    }
  }
  test "root again" {
    bad = <<-EOT
      FROM debian:12
      USER app
      USER root
    EOT
  }
  test "a user" {
    good = <<-EOT
      FROM golang:1.26 AS build
      RUN go build -o /app .
      FROM debian:12
      COPY --from=build /app /app
      USER 1000:1000
    EOT
  }
  test "the base image may set one" {
    good = "FROM registry.example/base:1\nCMD [\"/srv/app\"]\n"
  }
}

rule "trusted-base-image" {
  summary     = "a base image comes from a registry that is not trusted"
  on          = dockerfile.image
  severity    = "error"
  category    = "security"
  when        = (
    length(var.trusted_registries) > 0 &&
    !anytrue([for r in var.trusted_registries : startswith("${node.registry}/${node.repository}/", "${trimsuffix(r, "/")}/")])
  )
  message     = "${node.reference} does not come from ${join(" or ", var.trusted_registries)}"
  tags        = ["4.2"]
  description = <<-EOT
    CIS Docker Benchmark 4.2: images are built on trusted base images alone. Set `trusted_registries` in the
    configuration, such as `["docker.io/library", "registry.example/base"]`.
  EOT

  test "another registry" {
    bad  = "FROM quay.example/tools/make:1\n"
    vars = { trusted_registries = ["docker.io/library"] }
  }
  test "a name that begins alike" {
    bad  = "FROM registry.example/base-of-others/tool:1\n"
    vars = { trusted_registries = ["registry.example/base"] }
  }
  test "official images and our own" {
    good = "FROM debian:12 AS build\nFROM registry.example/base/run:1\nCOPY --from=build /a /a\n"
    vars = { trusted_registries = ["docker.io/library", "registry.example/base/"] }
  }
  test "nothing is set" {
    good = "FROM quay.example/tools/make:1\n"
  }
}

rule "unwanted-package" {
  summary     = "a package is installed that has no place in an image"
  on          = dockerfile.command
  category    = "security"
  when        = (
    node.action == "install" &&
    node.ships &&
    anytrue([for p in node.packages : contains(var.unwanted_packages, p.name)])
  )
  message     = "${join(", ", [for p in node.packages : p.name if contains(var.unwanted_packages, p.name)])} makes the image easier to attack: leave it out"
  tags        = ["4.3"]
  description = <<-EOT
    CIS Docker Benchmark 4.3: unnecessary packages are not installed. Servers for remote access are reached by `docker
    exec` better, and each service is one more thing to keep patched.
  EOT

  test "an ssh server" {
    bad = "FROM debian:12\nRUN apt-get update && apt-get install -y openssh-server curl\n"
    expect {
      line    = 2
      message = "openssh-server makes the image easier to attack: leave it out"
    }
  }
  test "in a stage that is thrown away, and another package" {
    good = "FROM debian:12 AS tools\nRUN apt-get install -y telnet\nFROM debian:12\nRUN apt-get install -y curl\n"
  }
}

rule "healthcheck-required" {
  summary     = "an image has no HEALTHCHECK"
  on          = dockerfile.stage
  severity    = "info"
  when        = (
    node.final &&
    !contains(node.keywords, "HEALTHCHECK") &&
    !anytrue([for s in file.stages : node.is_stage && s.name == lower(node.image) && contains(s.keywords, "HEALTHCHECK")])
  )
  at          = node.image
  message     = "the image has no HEALTHCHECK, so Docker cannot tell whether the service in it answers"
  tags        = ["4.6"]
  description = <<-EOT
    CIS Docker Benchmark 4.6: HEALTHCHECK instructions have been added. Kubernetes ignores them; leave the rule off where
    images run only there.
  EOT

  test "none" {
    bad = "FROM debian:12\nCMD [\"/srv/app\"]\n"
  }
  test "one" {
    good = "FROM debian:12\nHEALTHCHECK CMD [\"/srv/app\", \"--check\"]\nCMD [\"/srv/app\"]\n"
  }
  test "in the stage below" {
    good = "FROM debian:12 AS base\nHEALTHCHECK CMD [\"/srv/app\", \"--check\"]\nFROM base\nCMD [\"/srv/app\"]\n"
  }
}

rule "update-alone" {
  summary     = "lists of packages are updated in an instruction of their own"
  on          = dockerfile.run
  when        = (
    length(node.programs) == 1 &&
    matches(node.script, "^(apt-get|apt|apk|yum|dnf|microdnf|zypper) +(-[a-z-]+ +)*(update|makecache|refresh|check-update)( +-[a-z-]+)*\\s*$")
  )
  message     = "the layer with these lists is taken from the cache for months: install in the same RUN"
  tags        = ["4.7"]
  description = <<-EOT
    CIS Docker Benchmark 4.7: update instructions are not used alone in Dockerfiles. The layer stays in the build cache, and
    the next instruction installs old versions, or fails since the old ones are gone.
  EOT

  test "alone" {
    bad = "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y curl\n"
  }
  test "in one instruction" {
    good = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n"
  }
}

rule "setuid-bit" {
  summary     = "a program gets the setuid bit"
  on          = dockerfile.command
  category    = "security"
  when        = (
    node.program == "chmod" &&
    node.ships &&
    anytrue([for w in node.operands : matches(w, "^[ugoa]*u[ugoa]*\\+[rwx]*s|^0?[46][0-7]{3}$")])
  )
  message     = "whoever runs this program in the container gets the rights of its owner"
  tags        = ["4.8"]
  description = <<-EOT
    CIS Docker Benchmark 4.8: setuid and setgid permissions are removed. Such a program is a way from the image's user to
    root. The setgid bit of folders, by which files get the group of their folder, is left alone.
  EOT

  test "symbolic" {
    bad = "FROM debian:12\nRUN chmod u+s /usr/bin/tool\n"
  }
  test "octal" {
    bad = "FROM debian:12\nRUN chmod 4755 /usr/bin/tool && true\n"
  }
  test "the sticky bit, folders, and plain modes" {
    good = "FROM debian:12\nRUN chmod -R g+s /var/www && chmod 2775 /srv && chmod 1777 /tmp/x && chmod 0755 /usr/bin/tool && chmod a-s /bin/su && chmod +x /run.sh\n"
  }
}

rule "add-instruction" {
  summary     = "ADD does more than COPY"
  on          = dockerfile.add
  severity    = "info"
  when        = (
    !anytrue([for s in node.sources : matches(s, "^[a-z+]+://|^git@|\\.(tar|tgz|tbz2?|txz|gz|bz2|xz|zst)$")]) &&
    length(node.sources) > 0 &&
    lookup(node.flags, "checksum", "") == ""
  )
  at          = node.keyword
  message     = "ADD unpacks archives and fetches addresses: COPY says that neither is meant"
  tags        = ["4.9"]
  description = "CIS Docker Benchmark 4.9: COPY is used instead of ADD in Dockerfiles."

  fix {
    title         = "write COPY"
    applicability = "unsafe"
    replace {
      target = node.keyword
      with   = "COPY"
    }
  }

  test "a plain file" {
    bad   = "FROM debian:12\nADD app.conf /etc/app.conf\n"
    fixed = "FROM debian:12\nCOPY app.conf /etc/app.conf\n"
  }
  test "what COPY cannot do" {
    good = "FROM debian:12\nADD rootfs.tar.gz /\nADD https://files.example/a.sh /a.sh\n"
  }
}

rule "secret-in-variable" {
  summary     = "a variable holds a secret"
  on          = dockerfile.pair
  severity    = "error"
  category    = "security"
  when        = (
    contains(["ENV", "ARG"], node.keyword) &&
    matches(node.key, var.secret_names) &&
    length(node.value) >= 6 &&
    !startswith(node.value, "/") &&
    !matches(node.value, "(?i)^(changeme|example|dummy|none|null|true|false)$")
  )
  at          = node.value
  message     = "everybody who has the image can read ${node.key}: mount it with RUN --mount=type=secret, or set it when the container starts"
  tags        = ["4.10"]
  description = "CIS Docker Benchmark 4.10: secrets are not stored in Dockerfiles."

  test "a password" {
    bad = "FROM debian:12\nENV DB_PASSWORD=hunter2hunter2\n"
    expect {
      line   = 2
      column = 17
    }
  }
  test "names without values, files and other names" {
    good = <<-EOT
      FROM debian:12
      ARG API_TOKEN
      ENV DB_PASSWORD_FILE=/run/secrets/db TOKEN_URL=https://id.example/ MAX_TOKENS=100000
      ENV DB_PASSWORD=
    EOT
  }
}

rule "secret-file-copied" {
  summary     = "a private key or a file with credentials is copied into the image"
  on          = dockerfile.copy
  severity    = "error"
  category    = "security"
  when        = (
    node.from == "" &&
    anytrue([for s in node.sources : matches(s, "(^|/)(id_(rsa|dsa|ecdsa|ed25519)|\\.netrc|\\.pgpass|\\.npmrc|\\.pypirc|\\.git-credentials|credentials\\.json|[^/]*\\.(pfx|p12|jks|keystore))$")])
  )
  message     = "what is copied stays in a layer of the image, also when a later instruction deletes it: use RUN --mount=type=secret"
  tags        = ["4.10"]
  description = "CIS Docker Benchmark 4.10: secrets are not stored in Dockerfiles."

  test "a key" {
    bad = "FROM debian:12\nCOPY deploy/id_rsa /root/.ssh/id_rsa\n"
  }
  test "public halves" {
    good = "FROM debian:12\nCOPY id_rsa.pub /root/.ssh/authorized_keys\nCOPY package.json ./\n"
  }
}

rule "unverified-package" {
  summary     = "packages are installed without checking their signatures"
  on          = dockerfile.command
  severity    = "error"
  category    = "security"
  when        = (
    node.action == "install" &&
    anytrue([for w in node.words : contains(["--allow-unauthenticated", "--force-yes", "--allow-untrusted", "--nogpgcheck", "--no-gpg-checks", "--no-gpgcheck"], w)])
  )
  message     = "whoever sits between here and the server decides what is installed: add the repository's key instead"
  tags        = ["4.11"]
  description = "CIS Docker Benchmark 4.11: only verified packages are installed."

  test "apt-get" {
    bad = "FROM debian:12\nRUN apt-get update && apt-get install -y --allow-unauthenticated tool\n"
  }
  test "apk" {
    bad = "FROM alpine:3.22\nRUN apk add --allow-untrusted tool.apk\n"
  }
  test "dnf" {
    bad = "FROM fedora:43\nRUN dnf install -y --nogpgcheck tool\n"
  }
  test "plain" {
    good = "FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends tool\n"
  }
}
