{
  description = "Lint and fix Dockerfiles, nix.conf and seccomp profiles";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      forEach = build: lib.genAttrs systems (system: build nixpkgs.legacyPackages.${system});
      # The version stands in one place.
      inherit (nixpkgs) lib;
      declared = "const Version = \"";
      line = lib.findFirst (lib.hasPrefix declared) (throw "no version") (
        lib.splitString "\n" (builtins.readFile ./cmd/internal/cli/cli.go)
      );
      version = lib.removeSuffix "\"" (lib.removePrefix declared line);
    in
    {
      packages = forEach (pkgs: {
        default = pkgs.buildGoModule {
          pname = "sandlint";
          inherit version;
          src = self;
          vendorHash = "sha256-yo7lvOOLZMsxS7Bu7dXHy77aofUkyQS3Bp0Cms6GvuM="; # .ci/flake says what it must be
          subPackages = [ "cmd/sandlint" ];
          env.CGO_ENABLED = 0;
          ldflags = [
            "-s"
            "-w"
          ];
          doCheck = false; # .ci/run does
          nativeBuildInputs = [ pkgs.installShellFiles ];
          postInstall = ''
            mkdir man
            $out/bin/sandlint man man
            installManPage man/*.1
            installShellCompletion --cmd sandlint \
              --bash <($out/bin/sandlint completion bash) \
              --zsh <($out/bin/sandlint completion zsh) \
              --fish <($out/bin/sandlint completion fish)
          '';
          meta = {
            description = "Lint and fix Dockerfiles, nix.conf and seccomp profiles";
            homepage = "https://github.com/sandlint/sandlint";
            license = pkgs.lib.licenses.asl20;
            mainProgram = "sandlint";
          };
        };
      });

      apps = forEach (pkgs: {
        default = {
          type = "app";
          program = "${self.packages.${pkgs.system}.default}/bin/sandlint";
        };
      });

      overlays.default = final: _: {
        sandlint = self.packages.${final.system}.default;
      };
    };
}
