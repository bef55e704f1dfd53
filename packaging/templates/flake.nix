{
  description = "Connects MCP hosts that speak stdio to remote MCP servers";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      archives = {
        x86_64-linux = {
          target = "x86_64-unknown-linux-musl";
          url = "{{url x86_64-unknown-linux-musl}}";
          sha256 = "{{sha256 x86_64-unknown-linux-musl}}";
        };
        aarch64-linux = {
          target = "aarch64-unknown-linux-musl";
          url = "{{url aarch64-unknown-linux-musl}}";
          sha256 = "{{sha256 aarch64-unknown-linux-musl}}";
        };
        x86_64-darwin = {
          target = "x86_64-apple-darwin";
          url = "{{url x86_64-apple-darwin}}";
          sha256 = "{{sha256 x86_64-apple-darwin}}";
        };
        aarch64-darwin = {
          target = "aarch64-apple-darwin";
          url = "{{url aarch64-apple-darwin}}";
          sha256 = "{{sha256 aarch64-apple-darwin}}";
        };
      };
      package = system: archive:
        let pkgs = nixpkgs.legacyPackages.${system};
        in pkgs.stdenvNoCC.mkDerivation {
          pname = "mcp-tether";
          version = "{{version}}";
          src = pkgs.fetchurl { inherit (archive) url sha256; };
          nativeBuildInputs = [ pkgs.installShellFiles ];
          installPhase = ''
            install -Dm755 mcp-tether -t $out/bin
            installManPage man/*.1
            installShellCompletion completions/{mcp-tether.bash,mcp-tether.fish,_mcp-tether}
          '';
        };
    in {
      packages = builtins.mapAttrs (system: archive: { default = package system archive; }) archives;
    };
}
