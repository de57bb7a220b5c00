package distro

// dockerConf is the nix.conf of the images that docker.nix of NixOS/nix and of Lix makes.
const dockerConf = "build-users-group = nixbld\nsandbox = false\n" +
	"trusted-public-keys = cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=\n"

// universalBase is the row of Red Hat's universal base images.
var universalBase = Image{Names: []string{"ubi"}, Shell: "bash", Libc: "glibc", Manager: "dnf", Nix: "none"}

// images are facts about base images. Sources: the distributions' official images; docker.nix of NixOS/nix from 2.5.0
// on (the image since 2021-10-31), NixOS/docker up to 2.3.15, LnL7/nix-docker and nix-community/docker-nixpkgs, whose
// /bin/sh is the bash of nixpkgs.
var images = []Image{
	{
		Names: []string{"debian", "ubuntu", "buildpack-deps", "bitnami/minideb"},
		Shell: "dash", Libc: "glibc", Manager: "apt-get", Nix: "none",
	},
	{Names: []string{"alpine"}, Shell: "ash", Libc: "musl", Manager: "apk", Nix: "none"},
	{Names: []string{"busybox"}, Shell: "ash", Libc: Unknown, Manager: "none", Nix: "none"}, // its tag says which
	{
		Names: []string{"fedora", "fedora/fedora"},
		Shell: "bash", Libc: "glibc", Manager: "dnf", Nix: "none",
	},
	{
		Names: []string{
			"centos", "centos/centos", "rockylinux", "rockylinux/rockylinux", "almalinux", "oraclelinux",
			"os/oraclelinux", "amazonlinux", "amazonlinux/amazonlinux",
		},
		Shell: "bash", Libc: "glibc", Manager: "yum", Nix: "none",
	},
	{
		Names: []string{"archlinux", "archlinux/archlinux"},
		Shell: "bash", Libc: "glibc", Manager: "pacman", Nix: "none",
	},
	{
		Names: []string{"opensuse/leap", "opensuse/tumbleweed", "opensuse/archive"},
		Shell: "bash", Libc: "glibc", Manager: "zypper", Nix: "none",
	},
	{
		Names: []string{"nixos/nix"},
		Shell: "bash", Libc: "glibc", Manager: "none", Nix: "nix", NixVersioned: true, NixLinked: true,
		NixConf: dockerConf,
	},
	{
		Names: []string{"lix-project/lix"},
		Shell: "bash", Libc: "glibc", Manager: "none", Nix: "lix", NixVersioned: true, NixLinked: true,
		NixConf: dockerConf,
	},
	{
		Names: []string{"lnl7/nix"}, Shell: "bash", Libc: "glibc", Manager: "none", Nix: "nix",
		NixConf: "build-users-group = nixbld\nsandbox = false\n",
	},
	{
		Names: []string{"nixpkgs/nix", "nixpkgs/nix-unstable", "nixpkgs/cachix"},
		Shell: "bash", Libc: "glibc", Manager: "none", Nix: "nix",
	},
	{
		Names: []string{"nixpkgs/nix-flakes"}, Shell: "bash", Libc: "glibc", Manager: "none", Nix: "nix",
		NixConf: "accept-flake-config = true\nexperimental-features = nix-command flakes\n",
	},
	{Names: []string{"scratch"}, Shell: "none", Libc: "none", Manager: "none", Nix: "none"},
}
