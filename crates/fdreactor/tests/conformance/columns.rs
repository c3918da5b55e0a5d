//! What each backend and mode should report, written down for the harness of the other language.
//!
//! `columns.json` follows from `readiness.json` by the rules in `expect`, so that those exist once. It is committed, and a
//! trial of `table` fails while it is not what the rules give.

use crate::conformance::{case, column::Column, expect, step};
use serde_json::{Map, Value};
use std::{env, fs, path::Path};

/// Asks for the file to be written and not compared.
const WRITE: &str = "FDREACTOR_CONFORMANCE_WRITE";
const PLACE: &str = "tests/conformance/columns.json";

/// Compares the file with what the rules give, or writes it.
pub(crate) fn check() -> Result<(), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PLACE);
    let expected = text()?;
    if env::var_os(WRITE).is_some() {
        return fs::write(&path, expected).map_err(|error| error.to_string());
    }
    let found = fs::read_to_string(&path).map_err(|error| format!("{PLACE}: {error}"))?;
    if found == expected {
        return Ok(());
    }
    Err(format!(
        "{PLACE} is not what the rules give: {WRITE}=1 cargo test --test conformance table:: writes it"
    ))
}

/// One case a line: its columns, and what is accepted there. A column that is missing does not exist.
fn text() -> Result<String, String> {
    let mut lines = Vec::new();
    for case in case::all() {
        // Cases for two kinds of fixture expect the same of both.
        let steps = case
            .setup
            .as_deref()
            .map(step::variants)
            .transpose()?
            .and_then(|variants| variants.into_iter().next());
        let mut columns = Map::new();
        for column in Column::all().into_iter().filter(|&column| expect::exists(&case, column)) {
            let accepted = expect::accepted(&case, steps.as_deref(), column)?;
            columns.insert(column.to_string(), Value::from(accepted));
        }
        lines.push(format!("  {}: {}", Value::from(case.id), Value::from(columns)));
    }
    Ok(format!("{{\n{}\n}}\n", lines.join(",\n")))
}
