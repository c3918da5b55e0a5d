//! From the table's columns to what fdreactor should report, by rules and not by hand.
//!
//! The table has one column for each of epoll's modes, and one each for level registrations on poll and select. The rest
//! follows: oneshot there is level that falls silent after a record (`silence`), and edge is refused.

use crate::conformance::{
    case::Case,
    column::{Column, Mode},
    end,
    silence::silence,
    step::{self, Act, Asked, Step},
};
use fdreactor::{Backend, Interest};
use std::collections::BTreeSet;

/// The reactor that another one watches. It is epoll's and level-triggered in every column.
pub(crate) const INNER: &str = "inner";

/// An expectation that follows from no rule.
struct Override {
    id: &'static str,
    column: Column,
    /// What is accepted.
    expected: &'static [&'static str],
    /// Why the rules do not give it.
    why: &'static str,
}

const POLL_EDGE: Column = Column { backend: Backend::Poll, mode: Mode::Edge };
const POLL_ONESHOT: Column = Column { backend: Backend::Poll, mode: Mode::Oneshot };
const SELECT_EDGE: Column = Column { backend: Backend::Select, mode: Mode::Edge };
const SELECT_ONESHOT: Column = Column { backend: Backend::Select, mode: Mode::Oneshot };
const NO_NUMBER: &str = "what can be no descriptor's number may be refused for that first";
const UNASKED: &str = "an interest that cannot be made reaches no reactor, so none can refuse the edge first";
const LOOKS_FOR_IT: &str = "the procedure itself demands that the edge be refused, in every combination";

static OVERRIDES: [Override; 8] = [
    Override { id: "A06", column: POLL_EDGE, expected: &["ENOTSUP|RangeError"], why: NO_NUMBER },
    Override { id: "A06", column: SELECT_EDGE, expected: &["ENOTSUP|RangeError"], why: NO_NUMBER },
    Override { id: "A13", column: POLL_EDGE, expected: &["EINVAL|TypeError"], why: UNASKED },
    Override { id: "A13", column: SELECT_EDGE, expected: &["EINVAL|TypeError"], why: UNASKED },
    Override { id: "A30", column: POLL_EDGE, expected: &["ok"], why: LOOKS_FOR_IT },
    Override { id: "A30", column: SELECT_EDGE, expected: &["ok"], why: LOOKS_FOR_IT },
    Override {
        id: "L08",
        column: POLL_ONESHOT,
        expected: &["EINVAL"],
        why: "the call itself fails, and only poll(2): what oneshot does on epoll says nothing of it",
    },
    Override {
        id: "M15",
        column: SELECT_ONESHOT,
        expected: &["r;-;-", "-;N;-"],
        why: "newer kernels call a number that was closed during the wait readable, and that was the one event",
    },
];

/// Whether the table knows of the case there.
pub(crate) fn exists(case: &Case, column: Column) -> bool {
    // A case that names each registration's mode is the same in every mode, and runs once on a backend that has one column.
    let once = case.once || !column.is_in_table() && names_its_modes(case);
    case.expect.contains_key(column.in_table()) && (column.mode == Mode::Level || !once)
}

/// Why the rules do not give what is expected there, if they do not.
pub(crate) fn exception(case: &Case, column: Column) -> Option<&'static str> {
    exception_of(case, column).map(|own| own.why)
}

fn exception_of(case: &Case, column: Column) -> Option<&'static Override> {
    OVERRIDES.iter().find(|own| own.id == case.id && own.column == column)
}

/// Whether every registration's mode is given.
pub(crate) fn names_its_modes(case: &Case) -> bool {
    let Some(Ok(variants)) = case.setup.as_deref().map(step::variants) else { return false };
    let given = variants.iter().flatten().filter_map(|step| match step.act {
        Act::Add(_, _, asked) | Act::Modify(_, _, asked) => Some(matches!(asked, Asked::Named(_))),
        _ => None,
    });
    let given: Vec<bool> = given.collect();
    !given.is_empty() && given.iter().all(|&given| given)
}

/// What is accepted of the case there.
pub(crate) fn accepted(case: &Case, steps: Option<&[Step]>, column: Column) -> Result<Vec<String>, String> {
    if let Some(own) = exception_of(case, column) {
        return Ok(owned(own.expected));
    }
    let observed = case.column(column.in_table());
    let falls_silent = column.mode == Mode::Oneshot && !column.is_in_table();
    let refused = column.refused();
    match steps {
        None if refused => Ok(vec![end::errno(libc::ENOTSUP)]),
        // Words and counts name nobody who could fall silent, but epoll's oneshot says what is left.
        None if falls_silent && !case.is_librarys(column.in_table()) => Ok(owned(&case.column("oneshot"))),
        None => Ok(owned(&observed)),
        Some(steps) if falls_silent && counts(steps) => Ok(owned(&case.column("oneshot"))),
        Some(steps) => {
            let rule = |items: &&str| {
                if refused { refusal(steps, items) } else { silence(steps, items, falls_silent) }
            };
            observed.iter().map(rule).collect()
        }
    }
}

fn owned(items: &[&str]) -> Vec<String> {
    items.iter().map(|&items| items.to_owned()).collect()
}

/// Whether the case says how many records come, and not whose.
pub(crate) fn counts(steps: &[Step]) -> bool {
    steps.iter().any(|step| step.act == Act::Count)
}

/// What is left of a case where its mode is refused: the items up to the first registration.
fn refusal(steps: &[Step], items: &str) -> Result<String, String> {
    let mut items = items.split(';');
    let mut left = Vec::new();
    let mut refused = false;
    for step in steps {
        match &step.act {
            Act::Add(_, _, Asked::Column) if step.reactor != INNER => {
                left.push(end::errno(libc::ENOTSUP));
                if !step.attempt {
                    return Ok(left.join(";"));
                }
                refused = true;
                items.next();
            }
            act if step.attempt || matches!(act, Act::Wait | Act::Count | Act::WaitFor(_)) => {
                if refused {
                    return Err(
                        "what follows a refused attempt is in no column: it needs an override".to_owned()
                    );
                }
                left.push(items.next().ok_or("fewer items than steps")?.to_owned());
            }
            _ => {}
        }
    }
    Ok(left.join(";"))
}

/// The names that a reactor's registrations have in the course of the case. With one, the table leaves it out.
pub(crate) fn names<'a>(steps: &'a [Step], reactor: &str) -> BTreeSet<&'a str> {
    let own = steps.iter().filter(|step| step.reactor == reactor);
    own.filter_map(|step| match &step.act {
        Act::Add(name, ..) => Some(name.as_str()),
        _ => None,
    })
    .collect()
}

/// Whether any registration asks for half-closes as such.
///
/// `readable` asks for them as well, so elsewhere they come unasked, and the comparison leaves them out.
pub(crate) fn asks_for_half_close(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step.act {
        Act::Add(_, interest, _) | Act::Modify(_, interest, _) => interest.contains(Interest::DISCONNECT),
        _ => false,
    })
}

/// Whether the items are the pattern's: as many, and each equal to one of the pattern's alternatives.
pub(crate) fn matches(pattern: &str, items: &str) -> bool {
    let (patterns, items): (Vec<_>, Vec<_>) = (pattern.split(';').collect(), items.split(';').collect());
    patterns.len() == items.len()
        && patterns.iter().zip(&items).all(|(pattern, item)| pattern.split('|').any(|one| one == *item))
}
