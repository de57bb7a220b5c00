package custom

import "testing"

func TestKubernetes(t *testing.T) {
	passes(t, kubernetesPack)
	helm := "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: {{ .Values.name }}\n      image: a\n"
	got, _ := found(t, kubernetesPack, map[string]string{"templates/pod.yaml": helm, "Dockerfile": "FROM a\n"})
	if got != "" {
		t.Errorf("in a template of Helm, there is\n%s", got)
	}
}

const kubernetesPack = `pack "x" {}

rule "escalation" {
  summary = "no container may gain privileges"
  on      = kubernetes.container
  when    = node.allow_privilege_escalation
  at      = node.allow_privilege_escalation
  message = "${node.kind} ${node.object}: ${node.name} ${node.role} may gain privileges"

  test "by default, in all lists of containers" {
    bad = <<-EOT
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: web
      spec:
        template:
          spec:
            initContainers:
              - name: first
                image: debian:12
            containers:
              - name: main
                image: debian:12
              - name: said
                image: debian:12
                securityContext: { allowPrivilegeEscalation: true }
              - name: never
                image: debian:12
                securityContext: { allowPrivilegeEscalation: false }
            ephemeralContainers:
              - name: debug
                image: debian:12
    EOT
    expect {
      line    = 9
      column  = 17
      message = "Deployment web: first init may gain privileges"
    }
    expect {
      line    = 12
      message = "Deployment web: main may gain privileges"
    }
    expect {
      line    = 16
      column  = 56
    }
    expect { message = "Deployment web: debug ephemeral may gain privileges" }
  }
  test "two documents, a list, and a job of a job" {
    bad = <<-EOT
      apiVersion: v1
      kind: Service
      metadata: { name: s }
      ---
      apiVersion: v1
      kind: List
      items:
        - apiVersion: v1
          kind: Pod
          metadata: { name: a }
          spec:
            containers:
              - { name: c, image: "debian:12" }
        - apiVersion: batch/v1
          kind: CronJob
          metadata: { name: b }
          spec:
            jobTemplate:
              spec:
                template:
                  spec:
                    containers:
                      - { name: c, image: "debian:12" }
    EOT
    expect { message = "Pod a: c may gain privileges" }
    expect { message = "CronJob b: c may gain privileges" }
  }
  test "a pod of Windows" {
    good = <<-EOT
      apiVersion: v1
      kind: Pod
      spec:
        nodeSelector: { kubernetes.io/os: windows }
        containers:
          - name: a
            image: windows:2022
      ---
      apiVersion: v1
      kind: Pod
      spec: { containers: [{ name: a, image: a, securityContext: { allowPrivilegeEscalation: false } }] }
    EOT
  }
  test "a patch" {
    good = <<-EOT
      apiVersion: apps/v1
      kind: Deployment
      metadata: { name: web }
      spec:
        template:
          spec:
            containers:
              - name: main
                resources: { limits: { memory: 1Gi } }
    EOT
  }
  test "an object of an operator" {
    good = <<-EOT
      apiVersion: x.example/v1
      kind: Web
      spec:
        template:
          spec:
            containers:
              - { name: a, image: a }
      ---
      apiVersion: v1
      kind: Pod
      spec: { containers: [{ name: a, image: a, securityContext: { allowPrivilegeEscalation: false } }] }
    EOT
  }
}

rule "effective" {
  summary = "what the pod says holds for its containers"
  on      = kubernetes.container
  when    = !node.run_as_non_root || node.seccomp_profile != "RuntimeDefault" || node.run_as_user == "0"
  at      = node.run_as_user
  message = "${node.name}: ${node.run_as_non_root} ${node.seccomp_profile} ${node.run_as_user}"

  test "a container takes it back" {
    bad = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata: { name: web }
      spec:
        securityContext:
          runAsNonRoot: true
          runAsUser: 1000
          seccompProfile: { type: RuntimeDefault }
        containers:
          - name: a
            image: debian:12
          - name: b
            image: debian:12
            securityContext: { runAsNonRoot: false }
          - name: c
            image: debian:12
            securityContext:
              runAsUser: 0
              seccompProfile: { type: Localhost, localhostProfile: c.json }
    EOT
    expect {
      line    = 7
      message = "b: false RuntimeDefault 1000"
    }
    expect {
      line    = 18
      column  = 20
      message = "c: true Localhost 0"
    }
  }
  test "the pod says all" {
    good = <<-EOT
      apiVersion: v1
      kind: Pod
      spec:
        securityContext: { runAsNonRoot: true, seccompProfile: { type: RuntimeDefault } }
        containers:
          - name: a
            image: debian:12
    EOT
  }
}

rule "never" {
  summary = "pods are not privileged"
  on      = kubernetes.container
  when    = node.privileged
  at      = node.privileged
  message = "it is privileged"

  fix {
    title         = "take the privileges away"
    applicability = "unsafe"
    replace {
      target = node.privileged
      with   = "false"
    }
  }

  test "one is" {
    bad   = <<-EOT
      apiVersion: v1
      kind: Pod
      spec:
        containers:
          - name: a
            image: a
            securityContext: { privileged: true }
          - name: b
            image: b
    EOT
    fixed = <<-EOT
      apiVersion: v1
      kind: Pod
      spec:
        containers:
          - name: a
            image: a
            securityContext: { privileged: false }
          - name: b
            image: b
    EOT
  }
  test "none is" { good = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: a\n      image: a\n" }
}

rule "all" {
  summary = "what a container has"
  on      = kubernetes.container
  when = (node.privileged && contains(node.cap_add, "SYS_ADMIN") && contains(node.cap_drop, "ALL") &&
    node.read_only && node.apparmor_profile == "Unconfined" && node.selinux["type"] == "spc_t" &&
    node.proc_mount == "Unmasked" && !node.host_users && node.host_network && node.host_pid && node.host_ipc &&
    contains(node.host_ports, "80") && node.volumes[0].path == "/var/run" && node.volumes[1].type == "emptyDir" &&
    contains(node.mounts, "/run") && node.limits["memory"] == "1Gi" && length(node.requests) == 0 &&
    node.environment["A"] == "1" && node.command[0] == "make" && node.args[0] == "all" &&
    node.pull_policy == "Always" && node.run_as_group == "1" && node.namespace == "n" &&
    length(file.containers) == 1 && length(file.pods) == 1)
  at      = node.host_ports[0]
  message = "it has all of it"

  test "all of it" {
    bad = <<-EOT
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
        namespace: n
        annotations:
          container.apparmor.security.beta.kubernetes.io/a: unconfined
      spec:
        hostNetwork: true
        hostPID: true
        hostIPC: true
        hostUsers: false
        securityContext:
          runAsGroup: 1
          seLinuxOptions: { type: spc_t }
        volumes:
          - name: run
            hostPath: { path: /var/run }
          - name: tmp
        containers:
          - name: a
            image: debian:12
            imagePullPolicy: Always
            command: [make]
            args: [all]
            env: [{ name: A, value: "1" }]
            ports:
              - containerPort: 80
                hostPort: 80
            volumeMounts: [{ name: run, mountPath: /run }]
            resources: { limits: { memory: 1Gi } }
            securityContext:
              privileged: true
              procMount: Unmasked
              readOnlyRootFilesystem: true
              capabilities: { add: [CAP_SYS_ADMIN], drop: [all] }
    EOT
    expect {
      line   = 29
      column = 21
    }
  }
  test "none of it" { good = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: a\n      image: a\n" }
}

rule "pod" {
  summary = "what a pod has"
  on      = kubernetes.pod
  when    = anytrue([for v in node.volumes : v.type == "hostPath"]) && !node.mounts_token
  at      = node.volumes[index([for v in node.volumes : v.type], "hostPath")]
  message = "${node.kind} ${node.name}: ${join(" ", concat(node.containers, node.images, node.sysctls))}"

  test "a path of the machine" {
    bad = <<-EOT
      apiVersion: apps/v1
      kind: DaemonSet
      metadata: { name: d }
      spec:
        template:
          spec:
            automountServiceAccountToken: false
            securityContext: { sysctls: [{ name: kernel.shm_rmid_forced, value: "1" }] }
            volumes:
              - name: a
                emptyDir: {}
              - name: b
                hostPath:
                  path: /
            containers:
              - { name: a, image: a:1 }
              - { name: b, image: b:1 }
    EOT
    expect {
      line    = 13
      column  = 11
      message = "DaemonSet d: a b a:1 b:1 kernel.shm_rmid_forced"
    }
  }
  test "its token" {
    good = <<-EOT
      apiVersion: v1
      kind: Pod
      spec:
        volumes: [{ name: b, hostPath: { path: / } }]
        containers: [{ name: a, image: a:1 }]
    EOT
  }
}
`
