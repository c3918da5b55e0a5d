//! The data: `readiness.json`, one case a line.

use serde_json::Value;
use std::collections::BTreeMap;

/// One case of the table.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) id: String,
    /// The steps in the table's notation; without them, the case is a procedure of its own.
    pub(crate) setup: Option<Vec<String>>,
    /// What each column was seen to report. No entry: the case does not exist there.
    pub(crate) expect: BTreeMap<String, String>,
    /// What else is as good, where time, the kernel's version or the library's choice matters.
    pub(crate) allowed: BTreeMap<String, Vec<String>>,
    /// The columns that no kernel gives: the library has to see to them.
    pub(crate) library_columns: Vec<String>,
    /// Whether a mode changes nothing, so that once for each backend is enough: with its level registrations.
    pub(crate) once: bool,
    /// Why only a host of the core can show it.
    pub(crate) not_in_core: Option<String>,
}

impl Case {
    pub(crate) fn is_librarys(&self, column: &str) -> bool {
        self.library_columns.iter().any(|own| own == column)
    }

    /// What a column accepts: the observation first.
    pub(crate) fn column(&self, column: &str) -> Vec<&str> {
        let more = self.allowed.get(column).into_iter().flatten();
        self.expect.get(column).into_iter().chain(more).map(String::as_str).collect()
    }

    fn parse(value: &Value) -> Option<Self> {
        let strings = |value: &Value| -> Option<Vec<String>> {
            value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
        };
        let mut case = Self {
            id: value.get("id")?.as_str()?.to_owned(),
            setup: None,
            expect: BTreeMap::new(),
            allowed: BTreeMap::new(),
            library_columns: Vec::new(),
            once: false,
            not_in_core: None,
        };
        for (key, value) in value.as_object()? {
            match key.as_str() {
                "id" => {}
                "setup" => case.setup = Some(strings(value)?),
                "libraryColumns" => case.library_columns = strings(value)?,
                "once" => case.once = value.as_bool()?,
                "notInCore" => case.not_in_core = Some(value.as_str()?.to_owned()),
                "allowed" => {
                    for (column, value) in value.as_object()? {
                        case.allowed.insert(column.clone(), strings(value)?);
                    }
                }
                "expect" => {
                    for (column, value) in value.as_object()? {
                        if !value.is_null() {
                            case.expect.insert(column.clone(), value.as_str()?.to_owned());
                        }
                    }
                }
                _ => return None,
            }
        }
        Some(case)
    }
}

/// All cases.
///
/// # Panics
/// If the file is not what this module reads: nothing can be tested then.
#[allow(clippy::expect_used, reason = "the file is part of the test")]
pub(crate) fn all() -> Vec<Case> {
    let table: Value = serde_json::from_str(include_str!("readiness.json")).expect("readiness.json is JSON");
    let cases = table.as_array().expect("readiness.json is an array");
    cases
        .iter()
        .map(|value| Case::parse(value).expect("every case has the fields of `Case` and no others"))
        .collect()
}
