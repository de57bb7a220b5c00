# Built-in rules of the pack nix, written in HCL: TestEqual compares what they find. A rule is called like the one
# that it is equal to; where it takes several, what follows "-and-" tells them apart.
pack "equal-nix" {}

rule "sandbox-relaxed" {
  summary = "the sandbox lets some builds out"
  on      = nix.setting
  when    = node.canonical == "sandbox" && node.value == "relaxed" && !node.overridden
  message = "${node.name} = relaxed builds some derivations outside the sandbox"
}

rule "native-code-in-eval" {
  summary = "expressions may run programs"
  on      = nix.setting
  when    = (node.canonical == "allow-unsafe-native-code-during-evaluation" && node.known && !node.overridden &&
    contains(["true", "yes", "1"], node.value))
  message = "${node.name} = ${node.value} lets expressions run programs"
}

rule "plugin-files" {
  summary = "Nix loads plug-ins"
  on      = nix.setting
  when    = (node.canonical == "plugin-files" && node.known && !node.overridden &&
    anytrue([for w in node.words : known(w)]))
  at      = node.value
  message = "a plug-in is loaded"
}

rule "trusted-users-wildcard" {
  summary = "the daemon trusts everybody"
  on      = nix.setting
  when    = (node.canonical == "trusted-users" && !node.overridden && node.host != "option" && !node.user_file &&
    anytrue([for w in node.words : contains(["*", "@users", "@everyone"], w)]))
  at      = node.value
  message = "everybody is as good as root"
}

rule "kvm-feature-forced" {
  summary = "an image claims to have KVM"
  on      = nix.setting
  when    = (node.canonical == "system-features" && !node.overridden && node.host != "option" &&
    node.place == "image" && anytrue([for w in node.words : w == "kvm"]))
  at      = node.value
  message = "kvm is claimed whether or not the container has it"
}

rule "include-missing" {
  summary = "an included file does not exist"
  on      = nix.include
  when    = node.host == "file" && node.place != "image" && node.state == "missing" && !node.optional
  at      = node.path
  message = "${node.path} does not exist"
}
