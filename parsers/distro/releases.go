package distro

// releases are the releases of Debian and Ubuntu. Source: the package indexes of main, and of universe for Ubuntu, for
// amd64, read on 2026-11-30 with apt: `apt-cache madison nix-bin opam bubblewrap dash`, without updates. Debian 7 to
// 10, Ubuntu 12.04, 14.04, 17.10 and 18.10 are in no index that could be read: "<" is a bound that follows from when
// upstream released the version. Forky and sid move; which Nix they have is left open, since rules depend on its
// release.
var releases = []Release{
	{"debian", "7", "wheezy", Absent, Absent, Absent, "<0.5.12"},
	{"debian", "8", "jessie", Absent, "<2.0", Absent, "<0.5.12"},
	{"debian", "9", "stretch", Absent, "<2.0", Unknown, "<0.5.12"},
	{"debian", "10", "buster", Absent, Unknown, Unknown, "<0.5.12"},
	{"debian", "11", "bullseye", "2.3.7+dfsg1-1+b1", "2.0.8-1", "0.4.1-3", "0.5.11+git20200708+dd9ef66-5"},
	{"debian", "12", "bookworm", "2.8.0-1.1+b1", "2.1.2-1+deb12u2", "0.8.0-2+deb12u1", "0.5.12-2"},
	{"debian", "13", "trixie", "2.26.3+dfsg-1", "2.3.0-1+deb13u2", "0.12.0-1~deb13u1", "0.5.12-12"},
	{"debian", "14", "forky", Unknown, "2.5.2-1", "0.13.1-1", "0.5.12-12"},
	{"debian", "sid", "sid", Unknown, "2.6.1-1", "0.13.1-1", "0.5.12-12"},
	{"ubuntu", "12.04", "precise", Absent, Absent, Absent, "<0.5.12"},
	{"ubuntu", "14.04", "trusty", Absent, "<2.0", Absent, "<0.5.12"},
	{"ubuntu", "16.04", "xenial", Absent, "1.2.2-4", Absent, "0.5.8-2.1ubuntu2"},
	{"ubuntu", "17.10", "artful", Absent, "<2.0", Unknown, "<0.5.12"},
	{"ubuntu", "18.04", "bionic", Absent, "1.2.2-6", "0.2.1-1", "0.5.8-2.10"},
	{"ubuntu", "18.10", "cosmic", Absent, "<2.0", Unknown, "<0.5.12"},
	{"ubuntu", "20.04", "focal", Absent, "2.0.5-1ubuntu1", "0.4.0-1ubuntu4", "0.5.10.2-6"},
	{
		"ubuntu", "22.04", "jammy", "2.6.0+dfsg-3", "2.1.2-1", "0.6.1-1",
		"0.5.11+git20210903+057cd650a4ed-3build1",
	},
	{"ubuntu", "24.04", "noble", "2.18.1+dfsg-1ubuntu5", "2.1.5-1", "0.9.0-1build1", "0.5.12-6ubuntu5"},
	{"ubuntu", "25.04", "plucky", "2.24.9+dfsg-2ubuntu2", "2.3.0-1", "0.11.0-2", "0.5.12-12ubuntu1"},
	{"ubuntu", "25.10", "questing", "2.26.3+dfsg-1ubuntu4", "2.3.0-1", "0.11.0-2", "0.5.12-12ubuntu2"},
}
