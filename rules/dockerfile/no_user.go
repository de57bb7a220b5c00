package dockerfile

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var noUser = &rules.Rule{
	ID:       "dockerfile/no-user",
	Summary:  "an image that serves on a port has no USER, so its program runs as root",
	Severity: rules.Info,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Docker documentation, Building best practices: USER",
		"hadolint/hadolint#328, hadolint/hadolint#1158",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		for _, img := range d.Images {
			if img.EndUser().From != nil || !startsAsRoot(img) || img.Windows() {
				continue
			}
			at, serves := service(img)
			if at == nil || !serves || dropsRights(img) || !img.Final() {
				continue
			}
			p.Report(rules.Finding{
				File: d.Source, Span: at.Keyword,
				Message: fmt.Sprintf("the stage has no USER and %q runs as root, so the program that serves on the "+
					"exposed port does, too", img.Root().Stage.Image),
			})
		}
	}),
}

// rootImages are images, besides the distributions that image.LookupBase knows, that run as root and whose programs
// keep running as root. Source: their Dockerfiles in docker-library and the vendors' repositories, none of which has a
// USER.
var rootImages = strings.Fields("amazoncorretto eclipse-temurin elixir erlang golang ibmjava julia maven mono node " +
	"openjdk perl php python ruby rust sapmachine swift")

// startsAsRoot reports whether the image that a stage is based on is known to run as root.
func startsAsRoot(img *image.Image) bool {
	if img.EndUser().Known {
		return true
	}
	name, _, _ := strings.Cut(img.Root().Stage.Image, "@")
	name, _, _ = strings.Cut(name, ":")
	name = strings.TrimPrefix(strings.TrimPrefix(name, "docker.io/"), "library/")
	return slices.Contains(rootImages, name)
}

// service returns the step that starts the program of an image, the last ENTRYPOINT or else CMD of the stage itself or
// those below it, and whether a port is exposed.
func service(img *image.Image) (at *image.Step, exposed bool) {
	for ; img != nil; img = img.Parent {
		for _, s := range slices.Backward(img.Steps()) {
			switch {
			case s.Deferred || s.Broken:
			case s.Name == "EXPOSE":
				exposed = true
			case s.Name == "CMD" && at == nil, s.Name == "ENTRYPOINT" && (at == nil || at.Name == "CMD"):
				at = s
			}
		}
	}
	return at, exposed
}

// droppers are programs that run another one as another user, and services that serve as another user or that are made
// to run as root.
var droppers = strings.Fields(`apache2 apache2-foreground apache2ctl apachectl atd caddy chpst containerd crond cron
	dockerd dovecot dropbear exim gosu haproxy httpd httpd-foreground init inetd lighttpd mariadbd mysqld mysqld_safe
	named nginx ntpd openvpn php-fpm postfix postgres privoxy proftpd pure-ftpd rsyslogd runit runsvdir runuser
	s6-setuidgid s6-svscan samba setpriv setuidgid slapd smbd squid sshd su su-exec sudo supervisord systemd tor
	unbound uwsgi varnishd vsftpd xinetd`)

// dropsRights reports whether the program of an image may give up its rights itself: it, or a program that the image
// installs for that, is known to, or it is a script that cannot be read.
func dropsRights(img *image.Image) bool {
	for ; img != nil; img = img.Parent {
		for _, s := range img.Steps() {
			switch {
			case s.Name == "CMD" || s.Name == "ENTRYPOINT":
				for _, c := range s.Commands() {
					if dropsIn(c) {
						return true
					}
				}
			case s.Name == "RUN" && strings.Contains(s.Dockerfile().Source.Text(s.Span), "gosu"),
				s.Name == "RUN" && strings.Contains(s.Dockerfile().Source.Text(s.Span), "su-exec"):
				return true
			}
		}
	}
	return false
}

// shellNames are the names of shells.
var shellNames = []string{"sh", "ash", "bash", "dash", "zsh", "fish"}

func dropsIn(c *image.Command) bool {
	if len(c.Words) == 0 {
		return false
	}
	if c.Runs == nil && (mayBeScript(c.Words[0].Text) || slices.Contains(shellNames, c.Name)) ||
		slices.Contains(c.Wrappers, "sudo") {
		return true // a script that cannot be read, or a shell for a person
	}
	for _, w := range append([]string{c.Name}, c.Wrappers...) {
		if slices.Contains(droppers, w) {
			return true
		}
	}
	for _, w := range c.Words {
		switch base := path.Base(w.Text); {
		case slices.Contains(droppers, base), strings.HasPrefix(base, "php-fpm"),
			base != w.Text && mayBeScript(base) && c.Runs == nil:
			return true
		case strings.HasPrefix(w.Text, "--user"), strings.HasPrefix(w.Text, "--uid"), strings.HasPrefix(w.Text, "-u"):
			return true // of gunicorn, uwsgi and others
		}
	}
	return false
}

// mayBeScript reports whether the name of a program is that of a script that prepares the container.
func mayBeScript(name string) bool {
	base := strings.ToLower(path.Base(name))
	for _, part := range []string{".sh", ".bash", "entry", "start", "init", "run", "setup", "wrapper"} {
		if strings.Contains(base, part) {
			return true
		}
	}
	return false
}
