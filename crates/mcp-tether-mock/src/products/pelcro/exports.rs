//! Exports: requested, generated in the background, then downloaded line by line as CSV.

use serde_json::{Value, json};

use super::accounts;
use super::api_format::{API_FORMAT, RESOURCES, SITE};
use crate::date::Date;
use crate::product::field::{Field, Shape, ToolInput, may, need};
use crate::product::page::ListPage;
use crate::product::records::{
    RecordError, RecordOutput, RecordResult, RecordRules, RecordTable, Records, col, create, list,
    make, reads, seen,
};

/// Types of exports; each is the table of that name.
const TYPES: &[&str] = &[
    "subscriptions",
    "memberships",
    "invoices",
    "charges",
    "refunds",
    "customers",
    "newsletters",
    "addresses",
    "orders",
    "coupons",
    "bills",
    "vendors",
];

const DOWNLOAD: &[Field] = &[
    need("export_id", Shape::Id, "which one"),
    may("page", Shape::Whole(1, 100_000), "which page of lines, from 1"),
    may("limit", Shape::Whole(1, 500), "lines per page, 100 if left out"),
];

const FILE: &[Field] = &[
    need("export_id", Shape::Id, "which one"),
    need("type", Shape::OneOf(TYPES), "what is in it"),
    need("file_name", Shape::Text, "what the file is called"),
    need("media_type", Shape::Text, "`text/csv`"),
    need("page", Shape::Whole(1, 100_000), "which page this is"),
    need("last_page", Shape::Whole(1, 100_000), "the last page"),
    need("rows", Shape::Whole(0, i64::MAX), "records in the file"),
    need("content", Shape::Text, "the lines, after the line with the names of the columns"),
];

pub(super) static EXPORTS: RecordTable = RecordTable {
    table: "exports",
    one: "export",
    id: "export_id",
    prefix: None,
    within: SITE,
    first: 751,
    columns: &[
        col("type", Shape::OneOf(TYPES), "what to export").needed().filter(),
        col("date_from", Shape::Date, "only what was made on this day or later"),
        col(
            "date_to",
            Shape::Date,
            "only what was made on this day or earlier; at most six months after `date_from`",
        ),
        col("only_status", Shape::Short(50), "only what has this status"),
        col("status", Shape::OneOf(&["processing", "ready"]), "how far it is")
            .given()
            .filter()
            .or("\"processing\""),
        col("rows", Shape::Whole(0, i64::MAX), "records in it, once it is ready").given().or("0"),
        col("file_name", Shape::Text, "what the file is called").given().or("\"\""),
        col("only_vendor", Shape::Id, "the vendor it is about").given().hidden(),
        col("lines", Shape::Texts, "the file").given().hidden().or("[]"),
    ],
    rules: RecordRules {
        creating: Some(|records, draft, _| permit(records, draft)),
        ..RecordRules::NONE
    },
    tools: &[
        list([
            "list_exports",
            "List exports",
            "Lists exports; one that is ready can be downloaded",
            r#"{"site_id":1205}"#,
        ]),
        create([
            "request_export",
            "Request export",
            "Asks for a CSV file of one kind of records; it is made in the background, see \
             `list_exports`",
            r#"{"site_id":1205,"type":"invoices","only_status":"open"}"#,
        ]),
        reads(
            [
                "download_export",
                "Download export",
                "Gives a page of lines of an export that is ready",
                r#"{"site_id":1205,"export_id":$exports.status=ready}"#,
            ],
            &[DOWNLOAD],
            RecordOutput::These(FILE),
            download,
        ),
    ],
};

/// Starts an export for another tool; `status`, `date_from`, `date_to` and `vendor_id` filter it.
pub(super) fn request(records: &mut Records, kind: &str, input: ToolInput<'_>) -> RecordResult {
    let draft = json!({
        "site_id": input.0["site_id"],
        "type": kind,
        "date_from": input.text("date_from"),
        "date_to": input.text("date_to"),
        "only_status": input.text("status"),
        "only_vendor": input.whole("vendor_id"),
    });
    if !draft["only_vendor"].is_null() {
        records.find(&super::vendors::VENDORS, &draft["only_vendor"])?;
    }
    let mut draft = draft;
    permit(records, &mut draft)?;
    Ok(make(&API_FORMAT, &EXPORTS, records, draft))
}

fn permit(records: &mut Records, draft: &mut Value) -> Result<(), RecordError> {
    if accounts::current(records)["is_enterprise"] != true {
        return Err(RecordError::Forbidden("exports are for enterprise accounts".to_owned()));
    }
    let kind = draft["type"].as_str().unwrap_or_default().to_owned();
    let under_way =
        records.with(&EXPORTS, "type", &draft["type"]).any(|other| other["status"] == "processing");
    if under_way {
        return Err(RecordError::State(format!("an export of {kind} is being made already")));
    }
    let (from, to) = (day(draft, "date_from")?, day(draft, "date_to")?);
    if let (Some(from), Some(to)) = (from, to)
        && !(0..=184).contains(&to.days_since(from))
    {
        let message = "The date_to must be within six months after date_from.";
        return Err(RecordError::invalid("date_to", message));
    }
    draft["file_name"] = format!("{kind}-{}.csv", records.today()).into();
    Ok(())
}

/// Returns a day in a record, if present and valid.
pub(super) fn day(record: &Value, member: &str) -> Result<Option<Date>, RecordError> {
    let day = record[member].as_str().map(str::parse::<Date>).transpose();
    day.map_err(|_| RecordError::invalid(member, format!("The {member} is not a valid date.")))
}

/// Returns whether an export is in progress.
pub(super) fn any_under_way(records: &Records) -> bool {
    records.all(&EXPORTS).iter().any(|export| export["status"] == "processing")
}

/// Completes the exports that were started before this call.
pub(super) fn finish(records: &mut Records) -> Result<(), RecordError> {
    let waiting = records.all(&EXPORTS).iter().filter(|export| export["status"] == "processing");
    for export in waiting.cloned().collect::<Vec<_>>() {
        let lines = lines(records, &export)?;
        records.change(&EXPORTS, &export["id"], |export| {
            export["status"] = "ready".into();
            export["rows"] = (lines.len() - 1).into();
            export["lines"] = lines.into();
        })?;
    }
    Ok(())
}

/// Returns the lines of the file: one with the names, then one for each record.
fn lines(records: &Records, export: &Value) -> Result<Vec<String>, RecordError> {
    let kind = export["type"].as_str().unwrap_or_default();
    let table = RESOURCES.iter().find(|resource| resource.table == kind);
    let table = table.ok_or_else(|| RecordError::not_found("type of export", &export["type"]))?;
    let (from, to) = (day(export, "date_from")?, day(export, "date_to")?);
    let wanted = |record: &&Value| {
        let made = Date::from_epoch_seconds(record["created_at"].as_i64().unwrap_or_default());
        let or_any = |member: &str, value: &Value| value.is_null() || record[member] == *value;
        record["site_id"] == export["site_id"]
            && or_any("status", &export["only_status"])
            && or_any("vendor_id", &export["only_vendor"])
            && from.is_none_or(|from| made >= from)
            && to.is_none_or(|to| made <= to)
    };
    let shown: Vec<Value> = records
        .all(table)
        .iter()
        .filter(wanted)
        .map(|record| table.shown(records, record))
        .collect();
    let names = table.member_names();
    let mut lines = vec![names.join(",")];
    lines.extend(shown.iter().map(|record| {
        let cells: Vec<String> = names.iter().map(|name| cell(&record[*name])).collect();
        cells.join(",")
    }));
    Ok(lines)
}

/// Returns a value in CSV format (RFC 4180). Text that a spreadsheet would take for a formula gets
/// a leading quote.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with(['=', '+', '-', '@']) => format!("'{text}"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

fn download(records: &Records, input: ToolInput<'_>) -> RecordResult {
    let export = seen(&EXPORTS, records, input)?;
    if export["status"] != "ready" {
        return Err(RecordError::state("the export is not ready yet"));
    }
    let lines: Vec<&str> =
        export["lines"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let (names, rows) =
        lines.split_first().ok_or_else(|| RecordError::state("the file is gone"))?;
    let page =
        ListPage::of(rows, input.whole("page").unwrap_or(1), input.whole("limit").unwrap_or(100));
    let content: String =
        [names].into_iter().chain(page.items).flat_map(|line| [*line, "\r\n"]).collect();
    Ok(json!({
        "export_id": export["id"],
        "type": export["type"],
        "file_name": export["file_name"],
        "media_type": "text/csv",
        "page": page.number,
        "last_page": page.total.div_ceil(page.size).max(1),
        "rows": page.total,
        "content": content,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(cell(&json!("a \"b\", c")), "\"a \"\"b\"\", c\"");
        assert_eq!(cell(&json!("=1+1")), "'=1+1");
        assert_eq!((cell(&json!(12)), cell(&Value::Null)), ("12".to_owned(), String::new()));
    }
}
