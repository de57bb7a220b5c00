# What an image is made of, and whether somebody else can change it.

pack "supply-chain" {
  version          = "1.0.0"
  required_version = ">= 0.1"
  description      = "Digests, checksums and trusted registries"
}

variable "trusted_registries" {
  description = "Registries, or folders in them, that images may come from; all may while the list is empty."
  default     = []
}

rule "image-without-digest" {
  summary     = "an image is fetched by a tag, which may name another one tomorrow"
  on          = dockerfile.image
  category    = "security"
  when        = node.digest == ""
  message     = "${node.reference} may be another image tomorrow: add its digest, as in ${node.name}:${node.tag == "" ? "latest" : node.tag}@sha256:…"
  description = <<-EOT
    Tags move, by their owner's will or by that of whoever took over the account. A digest names one image for ever, and the
    builder refuses any other. `docker buildx imagetools inspect IMAGE` prints it.
  EOT

  test "a tag" {
    bad = "FROM debian:12.11\n"
    expect {
      line   = 1
      column = 6
    }
  }
  test "in COPY" {
    bad = "FROM scratch\nCOPY --from=docker.io/library/busybox:1.37 /bin/sh /bin/sh\n"
  }
  test "a digest, a stage, scratch" {
    good = <<-EOT
      FROM debian:12.11@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef AS build
      FROM scratch
      COPY --from=build /a /a
    EOT
  }
}

rule "untrusted-registry" {
  summary     = "an image comes from a registry that is not trusted"
  on          = dockerfile.image
  severity    = "error"
  category    = "security"
  when        = (
    length(var.trusted_registries) > 0 &&
    !anytrue([for r in var.trusted_registries : startswith("${node.registry}/${node.repository}/", "${trimsuffix(r, "/")}/")])
  )
  message     = "${node.reference} does not come from ${join(" or ", var.trusted_registries)}"
  description = "Set `trusted_registries` in the configuration, such as `[\"docker.io/library\", \"registry.example\"]`."

  test "another registry" {
    bad  = "FROM quay.example/tools/make:1\n"
    vars = { trusted_registries = ["docker.io/library"] }
  }
  test "trusted" {
    good = "FROM debian:12\n"
    vars = { trusted_registries = ["docker.io/library"] }
  }
}

rule "download-without-checksum" {
  summary     = "ADD fetches a file whose content nothing checks"
  on          = dockerfile.add
  category    = "security"
  when        = (
    anytrue([for s in node.sources : matches(s, "^https?://")]) &&
    !anytrue([for s in node.sources : matches(s, "\\.git(#|$)")]) &&
    lookup(node.flags, "checksum", "") == ""
  )
  message     = "whoever controls the server decides what is in the image: add --checksum=sha256:…"
  description = "BuildKit compares the content with `--checksum` and ends the build where it differs (docker/dockerfile 1.6)."

  test "none" {
    bad = "FROM debian:12\nADD https://files.example/tool.tar.gz /tmp/\n"
  }
  test "a checksum, and a plain file" {
    good = <<-EOT
      FROM debian:12
      ADD --checksum=sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef https://files.example/a /a
      ADD rootfs.tar /
    EOT
  }
}

rule "download-into-shell" {
  summary     = "a script is run as it comes from the network"
  on          = dockerfile.command
  severity    = "error"
  category    = "security"
  when        = (
    contains(["sh", "bash", "dash", "ash", "zsh", "python", "python3", "perl", "ruby", "node"], node.program) &&
    contains(["curl", "wget"], node.piped_from) &&
    node.keyword == "RUN"
  )
  message     = "whoever controls the server runs what they like: save the script, check its SHA-256, and run that"
  description = "A connection that breaks in the middle runs half of a script, too."

  test "curl into sh" {
    bad = "FROM debian:12\nRUN curl -fsSL https://get.example/ | sh\n"
    expect {
      line   = 2
      column = 39
    }
  }
  test "saved, checked, run" {
    good = <<-EOT
      FROM debian:12
      RUN curl -fsSLo /tmp/get.sh https://get.example/ && \
          echo "0123456789abcdef  /tmp/get.sh" | sha256sum -c && sh /tmp/get.sh
    EOT
  }
}

rule "tls-not-verified" {
  summary     = "a download accepts any certificate"
  on          = dockerfile.command
  severity    = "error"
  category    = "security"
  when        = (
    (node.program == "curl" && anytrue([for w in node.words : matches(w, "^(-[a-zA-Z]*k[a-zA-Z]*|--insecure|--proxy-insecure)$")])) ||
    (contains(["wget", "wget2"], node.program) && contains(node.words, "--no-check-certificate")) ||
    (contains(["pip", "pip3"], node.program) && anytrue([for w in node.words : startswith(w, "--trusted-host")])) ||
    (node.program == "git" && anytrue([for w in node.words : matches(w, "(?i)^http\\.sslverify=(false|0|no|off)$")]))
  )
  message     = "${node.program} accepts any certificate here, so anybody on the way can change what it fetches"
  description = "Install the certificate of your own authority instead: `COPY ca.crt /usr/local/share/ca-certificates/`, then `update-ca-certificates`."

  test "curl -k" {
    bad = "FROM debian:12\nRUN curl -fsSkL -o /a https://files.example/a\n"
  }
  test "wget" {
    bad = "FROM debian:12\nRUN wget --no-check-certificate https://files.example/a\n"
  }
  test "git" {
    bad = "FROM debian:12\nRUN git -c http.sslVerify=false clone https://git.example/a\n"
  }
  test "checked" {
    good = "FROM debian:12\nRUN curl -fsSL -o /k https://files.example/k && wget https://files.example/a\n"
  }
}

rule "plain-http-download" {
  summary     = "a file is fetched without encryption and without a check"
  on          = dockerfile.command
  category    = "security"
  when        = (
    contains(["curl", "wget"], node.program) &&
    anytrue([for w in node.operands : matches(w, "^http://")]) &&
    !anytrue([for w in node.operands : matches(w, "^http://(localhost|127\\.|\\[::1\\]|0\\.0\\.0\\.0)")]) &&
    node.keyword == "RUN" &&
    !strcontains(node.stage.name, "test") &&
    !anytrue([for c in file.commands : c.line >= node.line && c.line < node.line + 10 && matches(c.program, "^(sha(256|512)sum|gpgv?)$")])
  )
  message     = "anybody on the way can change what http:// brings: use https, or check the file's SHA-256"
  description = "It is silent where a checksum or a signature is checked in the lines below."

  test "http" {
    bad = "FROM debian:12\nRUN curl -fsSLo /a.tar http://files.example/a.tar && tar xf /a.tar\n"
  }
  test "https, this machine, and a check" {
    good = <<-EOT
      FROM debian:12
      RUN curl -fsSLo /a.tar https://files.example/a.tar
      RUN wget http://localhost:8080/health
      RUN curl -fsSLo /b http://files.example/b && \
          echo "0123456789abcdef  /b" | sha256sum -c
    EOT
  }
}

rule "npm-install" {
  summary     = "npm install takes other versions than the lock file"
  on          = dockerfile.command
  when        = (
    node.program == "npm" &&
    contains(["install", "i"], try(node.operands[0], "")) &&
    length(node.operands) == 1 &&
    !anytrue([for w in node.words : matches(w, "^(-g|--global|--location=global|--package-lock-only)$")])
  )
  at          = node.operands[0]
  message     = "npm install may take other versions than package-lock.json has: npm ci takes these, or fails"
  description = "`npm ci` needs a package-lock.json beside package.json."

  fix {
    title         = "use npm ci"
    applicability = "unsafe"
    replace {
      target = node.operands[0]
      with   = "ci"
    }
  }

  test "install" {
    bad   = "FROM node:22\nRUN npm install --omit=dev && npm run build -- --mode=$${MODE:-production}\n"
    fixed = "FROM node:22\nRUN npm ci --omit=dev && npm run build -- --mode=$${MODE:-production}\n"
    expect {
      line   = 2
      column = 9
    }
  }
  test "a package, a global one, and ci" {
    good = "FROM node:22\nRUN npm install left-pad@1.3.0 && npm install -g corepack && npm ci\n"
  }
}

rule "go-install-latest" {
  summary     = "go install takes whatever version is the newest"
  on          = dockerfile.command
  when        = (
    node.program == "go" &&
    try(node.operands[0], "") == "install" &&
    anytrue([for w in node.operands : endswith(w, "@latest") || endswith(w, "@master") || endswith(w, "@main")])
  )
  message     = "another build installs another version: name one, as in @v1.2.3, whose checksum Go's database then verifies"
  description = "sum.golang.org answers with the same checksum for a version for ever; for @latest there is nothing to compare."

  test "latest" {
    bad = "FROM golang:1.26\nRUN go install tools.example/cmd/gen@latest\n"
  }
  test "a version" {
    good = "FROM golang:1.26\nRUN go install tools.example/cmd/gen@v1.2.3 && go install ./...\n"
  }
}

rule "pip-without-hashes" {
  summary     = "pip installs a list of requirements without their hashes"
  on          = dockerfile.command
  severity    = "info"
  category    = "security"
  when        = (
    contains(["pip", "pip3"], node.program) &&
    try(node.operands[0], "") == "install" &&
    anytrue([for w in node.words : matches(w, "^(-r|--requirement)")]) &&
    !contains(node.words, "--require-hashes")
  )
  message     = "a package index that was taken over can serve other files under the same versions: add --require-hashes"
  description = "`pip-compile --generate-hashes` and `uv export` write requirements with hashes. pip also checks them where the file has some."

  fix {
    title         = "add --require-hashes, which needs a hash for each requirement"
    applicability = "unsafe"
    insert {
      after = node.operands[0]
      text  = " --require-hashes"
    }
  }

  test "without" {
    bad   = "FROM python:3.13\nRUN pip install --no-cache-dir -r requirements.txt\n"
    fixed = "FROM python:3.13\nRUN pip install --require-hashes --no-cache-dir -r requirements.txt\n"
  }
  test "with, and single packages" {
    good = "FROM python:3.13\nRUN pip install --require-hashes -r requirements.txt && pip install build\n"
  }
}

rule "apt-source-not-signed" {
  summary     = "a source of packages is trusted without a signature"
  on          = dockerfile.command
  severity    = "error"
  category    = "security"
  when        = anytrue([for w in node.words : matches(w, "^deb(-src)? +\\[[^\\]]*trusted=yes[^\\]]*\\] +[a-z]+://")]) && !anytrue([for w in node.words : matches(w, "\\] +(file|copy)://")])
  message     = "apt takes whatever this source serves: name its key with signed-by=, and remove trusted=yes"
  description = "sources.list(5): trusted=yes makes apt accept a source without a signature, or with a wrong one."

  test "trusted" {
    bad = "FROM debian:12\nRUN echo 'deb [trusted=yes] https://apt.example/ stable main' >/etc/apt/sources.list.d/x.list\n"
  }
  test "packages that lie in the image" {
    good = "FROM debian:12\nRUN echo 'deb [ trusted=yes ] file:///tmp/build ./' >/etc/apt/sources.list.d/x.list\n"
  }
  test "signed" {
    good = "FROM debian:12\nRUN echo 'deb [signed-by=/k.gpg] https://apt.example/ stable main' >/etc/apt/sources.list.d/x.list\n"
  }
}
