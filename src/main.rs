//! The `mcp-tether` program: parse, run, map the error to an exit code.

fn main() {
    let url = url::Url::parse(&std::env::args().nth(1).expect("url")).expect("url");
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("rt");
    let _ = rt.block_on(async {
        let options = mcp_tether::bridge::BridgeOptions {
            remote: mcp_tether::remote::RemoteOptions::new(url),
            hidden_tools: Default::default(),
        };
        mcp_tether::bridge::run(
            mcp_tether::host::Host::stdio(),
            options,
            mcp_tether::bridge::Shutdown::of_process(),
        )
        .await
    });
    rt.shutdown_background();
}
