//! Trials of the table itself and of the rules that read it: what they let pass, no other trial would notice.

use crate::conformance::{
    case::{self, Case},
    column::{Column, Mode},
    columns, end, expect,
    silence::silence,
    step::{self, Step},
};
use fdreactor::{Config, Reactor};
use libtest_mimic::{Failed, Trial};
use std::collections::BTreeMap;

/// How many cases each group has.
const GROUPS: [(&str, usize); 12] = [
    ("A", 26),
    ("B", 11),
    ("C", 17),
    ("D", 26),
    ("E", 13),
    ("F", 7),
    ("G", 4),
    ("H", 9),
    ("J", 12),
    ("L", 7),
    ("M", 13),
    ("N", 6),
];
/// How many cases only a host of the core can show.
const NOT_IN_CORE: usize = 9;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("table::every_group_is_whole", whole),
        Trial::test("table::oneshot_is_level_that_falls_silent", oneshot_is_derived),
        Trial::test("table::capabilities_are_the_columns", capabilities),
        Trial::test("table::columns_json_is_what_the_rules_give", || Ok(columns::check()?)),
        Trial::test("table::nothing_matches_but_what_is_expected", exact),
    ]
}

fn demand(holds: bool, what: impl FnOnce() -> String) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(what().into()) }
}

fn whole() -> Result<(), Failed> {
    let mut groups: BTreeMap<String, usize> = BTreeMap::new();
    let mut last = String::new();
    for case in case::all() {
        demand(last < case.id, || format!("{} is out of order, or there twice", case.id))?;
        *groups.entry(case.id.chars().take(1).collect()).or_default() += 1;
        last = case.id;
    }
    let expected = GROUPS.map(|(group, count)| (group.to_owned(), count));
    demand(groups == BTreeMap::from(expected), || format!("the groups are {groups:?}"))?;
    let left_out = case::all().iter().filter(|case| case.not_in_core.is_some()).count();
    demand(left_out == NOT_IN_CORE, || format!("{left_out} cases are not in the core"))
}

/// The derivation of poll's and select's oneshot columns, tried where the kernel has shown what must come out.
fn oneshot_is_derived() -> Result<(), Failed> {
    let mut tried = 0;
    for case in case::all() {
        let Some(setup) = case.setup.as_deref() else { continue };
        for steps in step::variants(setup)? {
            if expect::names_its_modes(&case) || expect::counts(&steps) {
                continue;
            }
            for column in ["level", "poll"] {
                if column == "poll" && !poll_is_epolls(&case, &steps) {
                    continue;
                }
                let (Some(level), Some(oneshot)) = (case.expect.get(column), case.expect.get("oneshot"))
                else {
                    continue;
                };
                let (derived, observed) = (silence(&steps, level, true)?, silence(&steps, oneshot, false)?);
                demand(derived == observed, || {
                    format!("{}::{column}: {derived} is not {observed}", case.id)
                })?;
                tried += 1;
            }
        }
    }
    demand(tried > 150, || format!("only {tried} were compared"))
}

/// Whether poll's column says the same as epoll's: not where the library makes it, nor where epoll refuses the descriptor
/// and so the case ends.
fn poll_is_epolls(case: &Case, steps: &[Step]) -> bool {
    let last = case.expect.get("oneshot").and_then(|items| items.split(';').next_back());
    let ends_early = last.is_some_and(end::is_error) && !steps.last().is_some_and(|step| step.attempt);
    !ends_early && !case.is_librarys("poll")
}

/// What a backend says that it can do is what the columns demand of it.
fn capabilities() -> Result<(), Failed> {
    for column in Column::all() {
        let can = Reactor::new(&Config { backend: column.backend, ..Config::default() })?.capabilities();
        let takes = match column.mode {
            Mode::Level => true,
            Mode::Edge => can.edge,
            Mode::Oneshot => can.oneshot,
        };
        demand(takes != column.refused(), || format!("{column}: {can:?}"))?;
    }
    Ok(())
}

fn exact() -> Result<(), Failed> {
    let pairs = [
        ("I;-", "I;-", true),
        ("EINVAL|ELOOP;ELOOP", "ELOOP;ELOOP", true),
        ("I;-", "ID;-", false),
        ("ID;-", "I;-", false),
        ("I;-", "I", false),
        ("I", "I;-", false),
        ("-", "", false),
        ("a:I b:O", "a:I", false),
    ];
    for (pattern, items, expected) in pairs {
        demand(expect::matches(pattern, items) == expected, || format!("{pattern} against {items}"))?;
    }
    Ok(())
}
