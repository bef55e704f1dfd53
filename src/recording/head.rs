//! The first line of a recording: its format, its server, and what is kept in it.

use serde_json::json;

/// The beginning of every recording's first line, with the number of the format.
pub const MARKER: &str = "{\"mcp-tether-recording\":1,";

const NOTE: &str = "headers and tokens are redacted; arguments and results are kept as they were: \
                    read this file before you share it";

/// The first line, with the server's name, safe to show, and a time in RFC 3339 format.
pub fn head(server: &str, time: &str) -> String {
    let members = json!({
        "note": NOTE,
        "server": server,
        "started": time,
        "version": env!("CARGO_PKG_VERSION"),
    });
    format!("{MARKER}{}\n", &members.to_string()[1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// O-30
    #[test]
    fn the_first_line_says_what_is_kept() {
        let line = head("https://mcp.example.com/mcp?key=…", "2026-11-30T08:00:00Z");
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["mcp-tether-recording"], 1);
        assert!(value["note"].as_str().unwrap().contains("arguments and results are kept"));
        assert_eq!(value["started"], "2026-11-30T08:00:00Z");
        assert!(line.ends_with("}\n") && line.lines().count() == 1);
    }
}
