class McpTether < Formula
  desc "Connects MCP hosts that speak stdio to remote MCP servers"
  homepage "{{repository}}"
  version "{{version}}"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "{{url aarch64-apple-darwin}}"
      sha256 "{{sha256 aarch64-apple-darwin}}"
    end
    on_intel do
      url "{{url x86_64-apple-darwin}}"
      sha256 "{{sha256 x86_64-apple-darwin}}"
    end
  end
  on_linux do
    on_arm do
      url "{{url aarch64-unknown-linux-musl}}"
      sha256 "{{sha256 aarch64-unknown-linux-musl}}"
    end
    on_intel do
      url "{{url x86_64-unknown-linux-musl}}"
      sha256 "{{sha256 x86_64-unknown-linux-musl}}"
    end
  end

  def install
    bin.install "mcp-tether"
    man1.install Dir["man/*.1"]
    generate_completions_from_executable(bin/"mcp-tether", "completions")
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/mcp-tether --version")
    assert_match "products", shell_output("#{bin}/mcp-tether demo --talk")
  end
end
