# Built-in rules of the pack dockerfile, written in HCL: see nix.hcl.
pack "equal-dockerfile" {}

rule "maintainer-deprecated" {
  summary = "MAINTAINER is deprecated"
  on      = dockerfile.instruction
  when    = node.keyword == "MAINTAINER" && !node.foreign
  message = "MAINTAINER is deprecated"
}

rule "apt-instead-of-apt-get" {
  summary = "apt is made for people"
  on      = dockerfile.command
  when    = node.program == "apt" && node.keyword == "RUN"
  at      = node.program
  message = "apt"
}
