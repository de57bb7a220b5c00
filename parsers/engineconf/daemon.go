package engineconf

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"

	"github.com/sandlint/sandlint/parsers/source"
)

// daemonOptions are the options of daemon.json on Linux (moby, daemon/config at b985e231, and dockerd 20.10 for those
// that were removed since), with the type of value where it is checked.
var daemonOptions = func() map[string]string {
	out := map[string]string{}
	for name := range strings.FieldsSeq(`
		allow-direct-routing allow-nondistributable-artifacts api-cors-header authorization-plugins bip bip6 bridge
		bridge-accept-fwmark cdi-spec-dirs cgroup-parent cluster-advertise cluster-store cluster-store-opts containerd
		containerd-namespace containerd-plugin-namespace cpu-rt-period cpu-rt-runtime cri-containerd data-root debug
		default-address-pools default-cgroupns-mode default-gateway default-gateway-v6 default-init default-ipc-mode
		default-network-opts default-shm-size default-stop-timeout default-ulimits deprecated-key-path dns dns-opts
		dns-search exec-opts exec-root firewall-backend fixed-cidr fixed-cidr-v6 graph group host-gateway-ip
		host-gateway-ips hosts http-proxy https-proxy icc init init-path insecure-registries ip ip-forward
		ip-forward-no-drop ip-masq ip6tables iptables ipv6 labels live-restore log-driver log-format log-level log-opts
		max-concurrent-downloads max-concurrent-uploads max-download-attempts metrics-addr min-api-version mtu
		network-control-plane-mtu network-diagnostic-port no-proxy node-generic-resources nri-opts oom-score-adjust
		pidfile proxies raw-logs registry-mirrors resolv-conf rootless runtimes selinux-enabled shutdown-timeout
		storage-driver storage-opts swarm-default-advertise-addr swarm-raft-election-tick swarm-raft-heartbeat-tick tls
		tlscacert tlscert tlskey tlsverify userland-proxy userland-proxy-path`) {
		out[name] = ""
	}
	maps.Copy(out, map[string]string{
		"builder": "object", "default-runtime": "string", "experimental": "boolean", "features": "object",
		"no-new-privileges": "boolean", "seccomp-profile": "string", "userns-remap": "string",
	})
	return out
}()

// flagNames are names of flags of dockerd for which daemon.json has another name. The daemon accepts them there, since
// they are flags, and ignores them, since no option has the name (seen with dockerd 20.10.24).
var flagNames = map[string]string{
	"add-runtime": "runtimes", "authorization-plugin": "authorization-plugins", "default-ulimit": "default-ulimits",
	"dns-opt": "dns-opts", "exec-opt": "exec-opts", "host": "hosts", "insecure-registry": "insecure-registries",
	"label": "labels", "log-opt": "log-opts", "registry-mirror": "registry-mirrors", "storage-opt": "storage-opts",
}

// maxBrackets bounds the objects and arrays of a file that is read.
const maxBrackets = 20000

// parseDaemon reads a daemon.json. dockerd reads it with Go's encoding/json.
func parseDaemon(f *source.File) *File {
	out := &File{Source: f, Engine: Docker}
	text := bytes.TrimPrefix(f.Bytes, []byte("\ufeff"))
	shift := len(f.Bytes) - len(text)
	if bytes.Count(text, []byte{'['})+bytes.Count(text, []byte{'{'}) > maxBrackets ||
		len(bytes.TrimSpace(text)) == 0 { // which newer releases accept
		return out
	}
	if at, message, ok := invalidJSON(text); ok {
		end := min(at+1, len(text))
		out.problem(KindSyntax, source.Span{Start: at, End: end}.Shift(shift), message)
	}
	root, err := hujson.Parse(text)
	if err != nil {
		return out
	}
	d := daemon{out, shift}
	if _, ok := root.Value.(*hujson.Object); !ok {
		if len(out.Problems) == 0 {
			out.problem(KindShape, d.span(&root), "the value is no object")
		}
		return out
	}
	for name, m := range d.members(&root) {
		d.option(name, m)
	}
	return out
}

// invalidJSON returns where a text is no JSON, and why. A comma before a closing bracket is at fault itself.
func invalidJSON(text []byte) (at int, message string, ok bool) {
	var v any
	err := json.Unmarshal(text, &v)
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return 0, "", false
	}
	at = max(0, min(int(syntax.Offset), len(text))-1)
	if before := bytes.TrimRight(text[:at], " \t\r\n"); at < len(text) && (text[at] == '}' || text[at] == ']') &&
		bytes.HasSuffix(before, []byte{','}) {
		return len(before) - 1, "a comma follows the last element", true
	}
	if text[at] == '/' {
		return at, "JSON has no comments", true
	}
	return at, syntax.Error(), true
}

type daemon struct {
	*File
	shift int
}

func (d daemon) span(v *hujson.Value) source.Span {
	return source.Span{Start: v.StartOffset, End: v.EndOffset}.Shift(d.shift)
}

// members yields the members of an object, and nothing for another value.
func (d daemon) members(v *hujson.Value) func(func(string, *hujson.ObjectMember) bool) {
	return func(yield func(string, *hujson.ObjectMember) bool) {
		object, ok := v.Value.(*hujson.Object)
		if !ok {
			return
		}
		for i := range object.Members {
			m := &object.Members[i]
			if key, ok := m.Name.Value.(hujson.Literal); ok && !yield(key.String(), m) {
				return
			}
		}
	}
}

// option reads a member of the whole object.
func (d daemon) option(name string, m *hujson.ObjectMember) {
	want, known := daemonOptions[name]
	if !known {
		_, nested := m.Value.Value.(*hujson.Object)
		if right, is := flagNames[name]; is {
			d.Problems = append(d.Problems, source.Problem{
				Span: d.span(&m.Name), Kind: KindFlag, Near: right,
				Message: strconv.Quote(name) + " is the name of a flag of dockerd",
			})
		} else if near := source.Nearest(name, slices.Sorted(maps.Keys(daemonOptions))); near != "" && !nested {
			d.Problems = append(d.Problems, source.Problem{
				Span: d.span(&m.Name), Kind: KindUnknown, Near: near,
				Message: strconv.Quote(name) + " is no option of dockerd",
			})
		}
		return
	}
	if !d.is(&m.Value, want) {
		d.problem(KindShape, d.span(&m.Value), strconv.Quote(name)+" takes "+article(want))
		return
	}
	switch name {
	case "seccomp-profile":
		d.Seccomp = d.value(&m.Value)
	case "userns-remap":
		d.Userns = d.value(&m.Value)
	case "default-runtime":
		d.Runtime = d.value(&m.Value)
	case "features":
		for name, m := range d.members(&m.Value) {
			if !d.is(&m.Value, "boolean") {
				d.problem(KindShape, d.span(&m.Value), "the feature "+strconv.Quote(name)+" takes true or false")
			}
		}
	case "builder":
		for name, m := range d.members(&m.Value) {
			if !strings.EqualFold(name, "entitlements") {
				continue
			}
			for name, m := range d.members(&m.Value) {
				d.entitlement(name, m)
			}
		}
	}
}

func (d daemon) entitlement(name string, m *hujson.ObjectMember) {
	if !d.is(&m.Value, "boolean") {
		d.problem(KindShape, d.span(&m.Value), "the entitlement "+strconv.Quote(name)+" takes true or false")
		return
	}
	switch {
	case strings.EqualFold(name, "security-insecure"):
		d.SecurityInsecure = d.value(&m.Value)
	case strings.EqualFold(name, "network-host"):
		d.NetworkHost = d.value(&m.Value)
	}
}

func article(kind string) string {
	switch kind {
	case "boolean":
		return "true or false"
	case "object":
		return "an object"
	}
	return "a " + kind
}

// is reports whether a value has a type, or is null, which sets nothing.
func (d daemon) is(v *hujson.Value, kind string) bool {
	switch v := v.Value.(type) {
	case *hujson.Object:
		return kind == "" || kind == "object"
	case *hujson.Array:
		return kind == ""
	case hujson.Literal:
		switch v.Kind() {
		case 'n':
			return true
		case '"':
			return kind == "" || kind == "string"
		case 't', 'f':
			return kind == "" || kind == "boolean"
		}
		return kind == ""
	}
	return true
}

// value returns a literal, the zero Value for null.
func (d daemon) value(v *hujson.Value) source.Value {
	literal, ok := v.Value.(hujson.Literal)
	if !ok || literal.Kind() == 'n' {
		return source.Value{}
	}
	span := d.span(v)
	if literal.Kind() == '"' {
		span.Start++
		span.End--
		return source.Value{Text: literal.String(), Known: true, Span: span}
	}
	return source.Value{Text: string(literal), Known: true, Span: span}
}
