# What the profile "restricted" of Kubernetes' Pod Security Standards asks of pods. A namespace with the label
# pod-security.kubernetes.io/enforce=restricted refuses a pod that breaks one of these rules.

pack "pod-security" {
  version          = "1.0.0"
  required_version = ">= 0.1"
  description      = "Kubernetes' Pod Security Standards, profile restricted, for manifests"
  docs_url         = "https://kubernetes.io/docs/concepts/security/pod-security-standards/"
}

locals {
  added_capabilities = ["NET_BIND_SERVICE"]
  selinux_types      = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"]
  sysctls = [
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_wmem",
  ]
  volumes = [
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret",
  ]
}

rule "privileged-container" {
  summary     = "a container is privileged"
  on          = kubernetes.container
  severity    = "error"
  category    = "security"
  when        = node.privileged
  at          = node.privileged
  message     = "the container ${node.name} has all privileges${node.host_users ? " of the machine" : ""}: remove privileged, and add the one capability or device that it needs"
  tags        = ["baseline"]
  description = <<-EOT
    Pod Security Standards, baseline, "Privileged Containers". A privileged container has all capabilities and devices, no
    seccomp and no AppArmor profile: whoever takes it over has the node.
  EOT

  test "it is" {
    bad = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        containers:
          - name: web
            image: registry.example/web:1
            securityContext:
              privileged: true
    EOT
    expect {
      line   = 10
      column = 21
    }
  }
  test "it is not" {
    good = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        containers:
          - name: web
            image: registry.example/web:1
            securityContext:
              privileged: false
    EOT
  }
}

rule "host-network" {
  summary     = "a pod shares the network of the machine"
  on          = kubernetes.pod
  severity    = "error"
  category    = "security"
  when        = node.host_network
  at          = node.host_network
  message     = "${node.kind} ${node.name} shares the network of the machine: remove hostNetwork, or give it a namespace of its own that allows this"
  tags        = ["baseline"]
  description = <<-EOT
    Pod Security Standards, baseline, "Host Namespaces". There a pod reaches what
    listens on localhost, and network policies do not hold for it.
  EOT

  test "it does" {
    bad = <<-EOT
      apiVersion: apps/v1
      kind: DaemonSet
      metadata:
        name: agent
      spec:
        template:
          spec:
            hostNetwork: true
            containers:
              - name: agent
                image: registry.example/agent:1
    EOT
    expect {
      line   = 8
      column = 20
    }
  }
  test "it does not" {
    good = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        hostNetwork: false
        containers:
          - name: web
            image: registry.example/web:1
    EOT
  }
}

rule "host-processes" {
  summary     = "a pod shares the processes of the machine"
  on          = kubernetes.pod
  severity    = "error"
  category    = "security"
  when        = node.host_pid
  at          = node.host_pid
  message     = "${node.kind} ${node.name} shares the processes of the machine: remove hostPID, or give it a namespace of its own that allows this"
  tags        = ["baseline"]
  description = <<-EOT
    Pod Security Standards, baseline, "Host Namespaces". A pod sees the command lines
    and, as root, the environment and the files of all processes of the node, and may enter their namespaces.
  EOT

  test "it does" {
    bad = <<-EOT
      apiVersion: apps/v1
      kind: DaemonSet
      metadata:
        name: agent
      spec:
        template:
          spec:
            hostPID: true
            containers:
              - name: agent
                image: registry.example/agent:1
    EOT
    expect {
      line   = 8
      column = 16
    }
  }
  test "it does not" {
    good = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        hostPID: false
        containers:
          - name: web
            image: registry.example/web:1
    EOT
  }
}

rule "host-ipc" {
  summary     = "a pod shares the inter-process communication of the machine"
  on          = kubernetes.pod
  severity    = "error"
  category    = "security"
  when        = node.host_ipc
  at          = node.host_ipc
  message     = "${node.kind} ${node.name} shares the inter-process communication of the machine: remove hostIPC, or give it a namespace of its own that allows this"
  tags        = ["baseline"]
  description = <<-EOT
    Pod Security Standards, baseline, "Host Namespaces". Shared memory of other
    programs can be read and written.
  EOT

  test "it does" {
    bad = <<-EOT
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: agent
      spec:
        template:
          spec:
            hostIPC: true
            containers:
              - name: agent
                image: registry.example/agent:1
    EOT
    expect {
      line   = 8
      column = 16
    }
  }
  test "it does not" {
    good = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        hostIPC: false
        containers:
          - name: web
            image: registry.example/web:1
    EOT
  }
}

rule "volume-type" {
  summary     = "a pod mounts a folder of the machine, or another volume that is not a pod's own"
  on          = kubernetes.pod
  severity    = "error"
  category    = "security"
  when        = anytrue([for v in node.volumes : !contains(local.volumes, v.type)])
  at          = node.volumes[index([for v in node.volumes : contains(local.volumes, v.type)], false)]
  message     = "the volume ${[for v in node.volumes : v.name if !contains(local.volumes, v.type)][0]} is a ${[for v in node.volumes : v.type if !contains(local.volumes, v.type)][0]}: use a persistentVolumeClaim, or a configMap, emptyDir, projected or csi volume"
  description = <<-EOT
    Pod Security Standards, baseline, "HostPath Volumes", and restricted, "Volume Types". With a hostPath a container
    writes to the node's disk; the socket of the container runtime or /etc/kubernetes give it the node. Volumes that name a
    server, such as nfs, pass by the quotas and classes of storage: claim them.
  EOT

  test "the socket of the runtime" {
    bad = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: ci
      spec:
        volumes:
          - name: tmp
            emptyDir: {}
          - name: socket
            hostPath:
              path: /run/containerd/containerd.sock
        containers:
          - name: ci
            image: registry.example/ci:1
    EOT
    expect {
      line    = 10
      message = "the volume socket is a hostPath: use a persistentVolumeClaim, or a configMap, emptyDir, projected or csi volume"
    }
  }
  test "the template of a CronJob" {
    bad = <<-EOT
      apiVersion: batch/v1
      kind: CronJob
      metadata:
        name: backup
      spec:
        jobTemplate:
          spec:
            template:
              spec:
                volumes:
                  - { name: data, nfs: { server: nfs.example, path: /data } }
                containers:
                  - name: backup
                    image: registry.example/backup:1
    EOT
  }
  test "volumes of the pod" {
    good = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        volumes:
          - name: tmp
          - name: config
            configMap:
              name: web
          - name: data
            persistentVolumeClaim:
              claimName: web
        containers:
          - name: web
            image: registry.example/web:1
    EOT
  }
}

rule "host-port" {
  summary     = "a container takes a port of the machine"
  on          = kubernetes.container
  severity    = "error"
  category    = "security"
  when        = anytrue([for p in node.host_ports : p != "0"])
  at          = node.host_ports[0]
  message     = "the container ${node.name} takes port ${node.host_ports[0]} of the machine: remove hostPort, and reach it through a Service"
  tags        = ["baseline"]
  description = <<-EOT
    Pod Security Standards, baseline, "Host Ports". A port of the node is reached past network policies, and ties the pod
    to nodes on which it is free.
  EOT

  test "it does" {
    bad = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        containers:
          - name: web
            image: registry.example/web:1
            ports:
              - containerPort: 8080
                hostPort: 80
    EOT
    expect {
      line   = 11
      column = 21
    }
  }
  test "a port of its own" {
    good = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        containers:
          - name: web
            image: registry.example/web:1
            ports:
              - containerPort: 8080
    EOT
  }
}

rule "added-capability" {
  summary     = "a container gets a capability besides NET_BIND_SERVICE"
  on          = kubernetes.container
  severity    = "error"
  category    = "security"
  when        = anytrue([for c in node.cap_add : !contains(local.added_capabilities, c)])
  at          = node.cap_add[index([for c in node.cap_add : contains(local.added_capabilities, c)], false)]
  message     = "the container ${node.name} gets ${join(", ", [for c in node.cap_add : c if !contains(local.added_capabilities, c)])}: remove it from add, or give the pod a namespace of its own that allows it"
  description = <<-EOT
    Pod Security Standards, restricted, "Capabilities": only NET_BIND_SERVICE may be added, for ports below 1024. A
    program that only needs such a port does without where sysctl net.ipv4.ip_unprivileged_port_start is 0, as it is for
    pods of containerd and CRI-O by default.
  EOT

  test "it gets one" {
    bad = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        containers:
          - name: web
            image: registry.example/web:1
            securityContext:
              capabilities:
                drop: [ALL]
                add: [NET_BIND_SERVICE, NET_ADMIN]
    EOT
    expect {
      line   = 12
      column = 35
    }
  }
  test "a port below 1024" {
    good = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        containers:
          - name: web
            image: registry.example/web:1
            securityContext:
              capabilities:
                drop: [ALL]
                add: [NET_BIND_SERVICE]
    EOT
  }
}

rule "capabilities-not-dropped" {
  summary     = "a container keeps the default capabilities"
  on          = kubernetes.container
  category    = "security"
  when        = !contains(node.cap_drop, "ALL")
  at          = node.cap_drop[0]
  message     = "the container ${node.name} keeps default capabilities, such as NET_RAW: set securityContext.capabilities.drop to [ALL]"
  description = <<-EOT
    Pod Security Standards, restricted, "Capabilities": all are dropped, and NET_BIND_SERVICE may be added. Capabilities
    belong to the container alone: the pod cannot drop them for all.
  EOT

  test "it says nothing" {
    bad = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        initContainers:
          - name: init
            image: registry.example/web:1
            securityContext:
              capabilities:
                drop: [CAP_NET_RAW]
        containers:
          - name: web
            image: registry.example/web:1
    EOT
    expect {
      line = 11
    }
    expect {
      line = 13
    }
  }
  test "all" {
    good = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        containers:
          - name: web
            image: registry.example/web:1
            securityContext:
              capabilities:
                drop: [ALL]
    EOT
  }
  test "a patch of one that may" {
    good = <<-EOT
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: web
      spec:
        template:
          spec:
            containers:
              - name: web
                env:
                  - name: LEVEL
                    value: debug
    EOT
  }
}

rule "privilege-escalation" {
  summary     = "the processes of a container may gain privileges"
  on          = kubernetes.container
  category    = "security"
  when        = node.allow_privilege_escalation
  at          = node.allow_privilege_escalation
  message     = "the processes of ${node.name} may gain privileges, such as by a setuid program: set securityContext.allowPrivilegeEscalation to false"
  description = <<-EOT
    Pod Security Standards, restricted, "Privilege Escalation". It is true unless the container says otherwise; false sets
    no_new_privs, so that setuid programs and file capabilities have no effect.
  EOT

  test "by default" {
    bad = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        containers:
          - name: web
            image: registry.example/web:1
    EOT
    expect {
      line = 7
    }
  }
  test "it may not" {
    good = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        containers:
          - name: web
            image: registry.example/web:1
            securityContext:
              allowPrivilegeEscalation: false
    EOT
  }
}

rule "may-run-as-root" {
  summary     = "a container may run as root"
  on          = kubernetes.container
  category    = "security"
  when        = !node.run_as_non_root && node.host_users
  at          = node.run_as_non_root
  message     = "the container ${node.name} may run as root: set securityContext.runAsNonRoot to true, in the pod or the container"
  description = <<-EOT
    Pod Security Standards, restricted, "Running as Non-root". With runAsNonRoot the kubelet refuses to start a container
    whose user is 0. The value of the container comes before that of the pod. Pods with users of their own (hostUsers is
    false) are left out, since their root is nobody on the machine.
  EOT

  test "by default, and against the pod" {
    bad = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        securityContext:
          runAsNonRoot: true
        containers:
          - name: web
            image: registry.example/web:1
          - name: root
            image: registry.example/web:1
            securityContext:
              runAsNonRoot: false
    EOT
    expect {
      line   = 14
      column = 23
    }
  }
  test "the pod says so" {
    good = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        securityContext:
          runAsNonRoot: true
        initContainers:
          - name: init
            image: registry.example/web:1
        containers:
          - name: web
            image: registry.example/web:1
    EOT
  }
  test "users of its own" {
    good = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        hostUsers: false
        containers:
          - name: web
            image: registry.example/web:1
    EOT
  }
}

rule "runs-as-root" {
  summary     = "a container runs as user 0"
  on          = kubernetes.container
  severity    = "error"
  category    = "security"
  when        = node.run_as_user == "0" && node.host_users
  at          = node.run_as_user
  message     = "the container ${node.name} runs as root: set runAsUser to another number, or remove it for the user of the image"
  description = <<-EOT
    Pod Security Standards, restricted, "Running as Non-root user". With runAsNonRoot beside it the container does not
    start at all.
  EOT

  test "it does" {
    bad = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        securityContext:
          runAsUser: 0
        containers:
          - name: web
            image: registry.example/web:1
    EOT
    expect {
      line   = 7
      column = 16
    }
  }
  test "the container has another user than the pod" {
    good = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        securityContext:
          runAsUser: 0
        containers:
          - name: web
            image: registry.example/web:1
            securityContext:
              runAsUser: 1000
    EOT
  }
}

rule "seccomp-profile" {
  summary     = "a container runs without a seccomp profile"
  on          = kubernetes.container
  category    = "security"
  when        = !contains(["RuntimeDefault", "Localhost"], node.seccomp_profile)
  at          = node.seccomp_profile
  message     = "the container ${node.name} has no seccomp profile${node.seccomp_profile == "" ? " unless the kubelet sets one" : ""}: set securityContext.seccompProfile.type to RuntimeDefault, in the pod or the container"
  description = <<-EOT
    Pod Security Standards, restricted, "Seccomp". Without a profile, which is the default of Kubernetes, a container may
    make every system call: the kubelet sets RuntimeDefault only with --seccomp-default. A profile of one's own is
    Localhost, with localhostProfile.
  EOT

  test "none, and against the pod" {
    bad = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        containers:
          - name: web
            image: registry.example/web:1
      ---
      apiVersion: v1
      kind: Pod
      metadata:
        name: web2
      spec:
        securityContext:
          seccompProfile:
            type: RuntimeDefault
        containers:
          - name: web
            image: registry.example/web:1
            securityContext:
              seccompProfile:
                type: Unconfined
    EOT
    expect {
      line = 7
    }
    expect {
      line   = 23
      column = 17
    }
  }
  test "that of the pod, and its own" {
    good = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        securityContext:
          seccompProfile:
            type: RuntimeDefault
        containers:
          - name: web
            image: registry.example/web:1
          - name: other
            image: registry.example/web:1
            securityContext:
              seccompProfile:
                type: Localhost
                localhostProfile: profiles/web.json
    EOT
  }
}

rule "unmasked-proc" {
  summary     = "a container sees all of /proc"
  on          = kubernetes.container
  severity    = "error"
  category    = "security"
  when        = node.proc_mount == "Unmasked" && node.host_users
  at          = node.proc_mount
  message     = "the container ${node.name} sees all of /proc, and can write to parts of it: remove procMount, or set hostUsers to false"
  tags        = ["baseline"]
  description = <<-EOT
    Pod Security Standards, baseline, "/proc Mount Type". Runtimes mask paths such as /proc/kcore and /proc/sysrq-trigger.
    A container that makes containers itself needs them unmasked; then users of its own keep the machine out of reach.
  EOT

  test "it does" {
    bad = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: builder
      spec:
        containers:
          - name: builder
            image: registry.example/builder:1
            securityContext:
              procMount: Unmasked
    EOT
    expect {
      line = 10
    }
  }
  test "with users of its own" {
    good = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: builder
      spec:
        hostUsers: false
        containers:
          - name: builder
            image: registry.example/builder:1
            securityContext:
              procMount: Unmasked
    EOT
  }
}

rule "apparmor-profile" {
  summary     = "a container runs without an AppArmor profile"
  on          = kubernetes.container
  severity    = "error"
  category    = "security"
  when        = !contains(["", "RuntimeDefault", "Localhost"], node.apparmor_profile)
  at          = node.apparmor_profile
  message     = "the AppArmor profile of ${node.name} is ${node.apparmor_profile}: use RuntimeDefault or Localhost, or say nothing"
  tags        = ["baseline"]
  description = <<-EOT
    Pod Security Standards, baseline, "AppArmor". Where the machine has AppArmor, a pod that says nothing gets the
    profile of the runtime. The annotation container.apparmor.security.beta.kubernetes.io is read as well.
  EOT

  test "a field, and an annotation" {
    bad = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
        annotations:
          container.apparmor.security.beta.kubernetes.io/old: unconfined
      spec:
        containers:
          - name: old
            image: registry.example/web:1
          - name: new
            image: registry.example/web:1
            securityContext:
              appArmorProfile:
                type: Unconfined
    EOT
    expect {
      line = 6
    }
    expect {
      line = 15
    }
  }
  test "that of the runtime" {
    good = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
        annotations:
          container.apparmor.security.beta.kubernetes.io/web: runtime/default
      spec:
        containers:
          - name: web
            image: registry.example/web:1
    EOT
  }
}

rule "selinux-options" {
  summary  = "a container has an SELinux type, user or role of its own"
  on       = kubernetes.container
  severity = "error"
  category = "security"
  when = (
    !contains(local.selinux_types, lookup(node.selinux, "type", "")) || lookup(node.selinux, "user", "") != "" ||
    lookup(node.selinux, "role", "") != ""
  )
  at          = node.selinux["type"]
  message     = "the SELinux options of ${node.name} free it from the policy for containers: remove type, user and role; container_t and a level are allowed"
  tags        = ["baseline"]
  description = <<-EOT
    Pod Security Standards, baseline, "SELinux". The type spc_t, and users and roles such as unconfined_u, take a
    container out of the confinement that SELinux gives to all others.
  EOT

  test "a type" {
    bad = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        securityContext:
          seLinuxOptions:
            type: spc_t
        containers:
          - name: web
            image: registry.example/web:1
    EOT
    expect {
      line   = 8
      column = 13
    }
  }
  test "a level" {
    good = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        securityContext:
          seLinuxOptions:
            level: s0:c123,c456
        containers:
          - name: web
            image: registry.example/web:1
    EOT
  }
}

rule "unsafe-sysctl" {
  summary     = "a pod sets a kernel parameter that is not safe"
  on          = kubernetes.pod
  severity    = "error"
  category    = "security"
  when        = anytrue([for s in node.sysctls : !contains(local.sysctls, s)])
  at          = node.sysctls[index([for s in node.sysctls : contains(local.sysctls, s)], false)]
  message     = "the pod sets ${join(", ", [for s in node.sysctls : s if !contains(local.sysctls, s)])}, which kubelets refuse by default: remove it, or set it on the machine"
  tags        = ["baseline"]
  description = <<-EOT
    Pod Security Standards, baseline, "Sysctls": only parameters that belong to the pod's own namespaces and cannot harm
    others are allowed.
  EOT

  test "it does" {
    bad = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        securityContext:
          sysctls:
            - name: net.ipv4.tcp_syncookies
              value: "1"
            - name: net.core.somaxconn
              value: "1024"
        containers:
          - name: web
            image: registry.example/web:1
    EOT
    expect {
      line = 10
    }
  }
  test "a safe one" {
    good = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        securityContext:
          sysctls:
            - name: net.ipv4.ip_unprivileged_port_start
              value: "80"
        containers:
          - name: web
            image: registry.example/web:1
    EOT
  }
}
