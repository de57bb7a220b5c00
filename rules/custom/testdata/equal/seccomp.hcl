# Built-in rules of the pack seccomp, written in HCL: see nix.hcl.
pack "equal-seccomp" {}

locals {
  kill_thread = ["SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD"]
  capabilities = [for name in split(" ", join(" ", [
    "AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH",
    "FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN",
    "NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT",
    "SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM",
  ])) : "CAP_${name}"]
}

rule "default-allow" {
  summary = "what no rule names is allowed"
  on      = seccomp.profile
  when    = contains(["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"], node.default_action)
  at      = node.default_action
  message = "${node.default_action} is the default"
}

rule "notify-default" {
  summary = "an agent decides about what no rule names"
  on      = seccomp.profile
  when    = node.default_action == "SCMP_ACT_NOTIFY"
  at      = node.default_action
  message = "no container starts"
}

rule "speculation-allowed" {
  summary = "a protection is switched off"
  on      = seccomp.profile
  when    = contains(node.flags, "SECCOMP_FILTER_FLAG_SPEC_ALLOW")
  at      = node.flags[index(node.flags, "SECCOMP_FILTER_FLAG_SPEC_ALLOW")]
  message = "processes run without protection against speculative store bypass"
}

rule "kill-thread" {
  summary = "one thread is killed"
  on      = seccomp.rule
  when    = contains(local.kill_thread, node.action)
  at      = node.action
  message = "${node.action} kills one thread"
}

rule "kill-thread-and-default" {
  summary = "one thread is killed"
  on      = seccomp.profile
  when    = contains(local.kill_thread, node.default_action)
  at      = node.default_action
  message = "${node.default_action} kills one thread"
}

rule "unknown-capability" {
  summary = "no capability has the name"
  on      = seccomp.rule
  when    = (anytrue([for p in node.read_by : contains(["docker", "podman"], p)]) &&
    anytrue([for c in node.caps : !contains(local.capabilities, c)]))
  at      = node.caps[index([for c in node.caps : contains(local.capabilities, c)], false)]
  message = "there is no capability of the name"
}

rule "unknown-capability-and-excludes" {
  summary = "no capability has the name"
  on      = seccomp.rule
  when    = (anytrue([for p in node.read_by : contains(["docker", "podman"], p)]) &&
    anytrue([for c in node.excludes_caps : !contains(local.capabilities, c)]))
  at      = node.excludes_caps[index([for c in node.excludes_caps : contains(local.capabilities, c)], false)]
  message = "there is no capability of the name"
}
