package dockerfile

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/secret"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/copies"
)

var secretCopied = &rules.Rule{
	ID:       "dockerfile/secret-copied",
	Summary:  "a file that holds keys or passwords is copied into the image",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Docker documentation, Build secrets: \"Build arguments and environment variables are inappropriate for " +
			"passing secrets …, as they persist in the final image\"; the same is true of copied files",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Broken || s.Image == nil || s.Dockerfile().Foreign() {
			return
		}
		from, _ := s.Flag("from")
		for _, source := range copies.Sources(s) {
			if !source.Known || copies.IsURL(source.Text) || copies.IsGit(source.Text) {
				continue
			}
			kind, severity := secretFile(s, source.Text, from.Value == "")
			if kind == "" {
				continue
			}
			finding := rules.Finding{
				File: s.Dockerfile().Source, Span: source.Word.Span, Severity: severity,
				Message: fmt.Sprintf("%q %s, and everyone who has the image can read it from the layer, even where a "+
					"later RUN removes it", source.Text, kind),
			}
			if !s.Deferred && !s.Image.Ships() {
				finding.Severity = rules.Info
				finding.Message = fmt.Sprintf("%q %s, and it stays in the build cache of this stage, which is not "+
					"shipped", source.Text, kind)
			}
			p.Report(finding)
		}
	}, "COPY", "ADD"),
}

// credentialFiles are files by name, or by folder and name, whose only purpose is to hold a secret, with what they
// hold.
var credentialFiles = map[string]string{
	"id_rsa": "is a private SSH key", "id_dsa": "is a private SSH key", "id_ecdsa": "is a private SSH key",
	"id_ed25519": "is a private SSH key", "id_ecdsa_sk": "is a private SSH key",
	"id_ed25519_sk":    "is a private SSH key",
	"ssh_host_rsa_key": "is a private host key", "ssh_host_ecdsa_key": "is a private host key",
	"ssh_host_ed25519_key": "is a private host key", "ssh_host_dsa_key": "is a private host key",
	".netrc": "holds passwords", "_netrc": "holds passwords", ".git-credentials": "holds passwords",
	".pgpass": "holds passwords", ".my.cnf": "holds passwords", ".pypirc": "holds passwords",
	".dockercfg": "holds the passwords of registries", ".docker/config.json": "holds the passwords of registries",
	".vault-token": "holds a token", ".aws/credentials": "holds access keys", ".aws": "holds access keys",
	".kube/config": "holds the credentials of clusters", "kubeconfig": "holds the credentials of clusters",
	"kubeconfig.yaml": "holds the credentials of clusters", ".ssh": "holds private keys",
	".gnupg":                               "holds private keys",
	"application_default_credentials.json": "holds credentials",
}

// secretFile returns what secret a source holds, with how severe that is, "" where it is not known to hold one. The
// file is looked at if it is one of the build context.
func secretFile(s *image.Step, name string, context bool) (kind string, severity rules.Severity) {
	clean := path.Clean("/" + name)
	base := path.Base(clean)
	kind, ok := credentialFiles[base]
	if !ok {
		kind, ok = credentialFiles[strings.TrimPrefix(path.Join(path.Base(path.Dir(clean)), base), "/")]
	}
	env := base == ".env" || strings.HasPrefix(base, ".env.") && !isSample(base)
	if !context {
		return kind, rules.Warning
	}
	if !ok && !env && !mayHoldKey(base) {
		return "", rules.Off
	}
	file, err := s.Dockerfile().ReadContext(name)
	if err != nil {
		if env {
			kind = "usually holds passwords and tokens"
		}
		return kind, rules.Warning
	}
	if tokens := secret.Tokens(file.Bytes); len(tokens) > 0 {
		return "holds " + tokens[0].Kind, rules.Error
	}
	switch text := string(file.Bytes); {
	case env && assignsSecret(text):
		return "holds passwords or tokens", rules.Warning
	case env, strings.TrimSpace(text) == "":
		return "", rules.Off
	case base == ".npmrc", base == ".yarnrc", base == ".yarnrc.yml":
		if npmSecret(text) {
			return "holds the token of a registry", rules.Error
		}
		return "", rules.Off
	case strings.HasPrefix(kind, "is a private"):
		return "", rules.Off // by its content, it is something else
	}
	return kind, rules.Warning
}

// mayHoldKey reports whether a file is looked at because of its name.
func mayHoldKey(base string) bool {
	switch base {
	case ".npmrc", ".yarnrc", ".yarnrc.yml":
		return true
	}
	ext := path.Ext(base)
	return ext == ".pem" || ext == ".key" || ext == ".json" && slices.ContainsFunc([]string{"cred", "service", "secret",
		"key"}, func(part string) bool { return strings.Contains(base, part) })
}

// isSample reports whether the name of a settings file is that of an example without secrets.
func isSample(base string) bool {
	for _, word := range strings.Split(base, ".") {
		switch strings.ToLower(word) {
		case "example", "sample", "template", "tmpl", "tpl", "dist", "default", "defaults", "schema", "test",
			"testing", "ci":
			return true
		}
	}
	return false
}

// assignsSecret reports whether a settings file gives a variable with the name of a secret a value.
func assignsSecret(text string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "export ")
		name, value, ok := strings.Cut(line, "=")
		value = strings.Trim(strings.TrimSpace(value), `"'`)
		if !ok || strings.HasPrefix(line, "#") || len(value) < 6 || strings.ContainsAny(value, "$<{") {
			continue
		}
		upper := strings.ToUpper(strings.TrimSpace(name))
		for _, ending := range []string{"PASSWORD", "PASSWD", "SECRET", "TOKEN", "APIKEY", "API_KEY", "SECRET_KEY",
			"ACCESS_KEY", "PRIVATE_KEY"} {
			if strings.HasSuffix(upper, ending) {
				return true
			}
		}
	}
	return false
}

// npmSecret reports whether the settings of npm or Yarn hold a token or a password.
func npmSecret(text string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		for _, key := range []string{"_authToken=", "_auth=", "_password=", "npmAuthToken:", "npmAuthIdent:"} {
			_, value, ok := strings.Cut(strings.ReplaceAll(line, " ", ""), key)
			if ok && len(value) >= 8 && !strings.Contains(value, "$") && !strings.HasPrefix(line, "#") {
				return true
			}
		}
	}
	return false
}
