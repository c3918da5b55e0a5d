//! The rules by which fdreactor says less than the kernel.

use crate::conformance::{
    end,
    expect::names,
    step::{Act, Step},
};
use fdreactor::Interest;
use std::collections::BTreeMap;

struct Registration {
    interest: Interest,
    silent: bool,
}

/// Takes out of a column's items what fdreactor keeps to itself:
///
/// - An empty interest is a pause, and hears nothing.
/// - A hang-up, an error or a half-close is told once where neither reading nor writing is asked; then the registration is
///   parked until it is modified.
/// - With `oneshot`, any record is the last until the registration is modified: from a column of level registrations, this
///   makes that of oneshot ones. Only what a backend shows can disarm.
pub(crate) fn silence(steps: &[Step], items: &str, oneshot: bool) -> Result<String, String> {
    let mut given = items.split(';');
    let mut left: Vec<String> = Vec::new();
    let mut registrations: BTreeMap<(&str, &str), Registration> = BTreeMap::new();
    for step in steps {
        let reactor = step.reactor.as_str();
        let waits = matches!(step.act, Act::Wait | Act::Count | Act::WaitFor(_));
        let item =
            if step.attempt || waits { Some(given.next().ok_or("fewer items than steps")?) } else { None };
        let works = item.is_none_or(|item| item.split('|').any(|item| item == "ok"));
        match &step.act {
            Act::Add(name, interest, _) | Act::Modify(name, interest, _) if works => {
                registrations.insert((reactor, name), Registration { interest: *interest, silent: false });
            }
            Act::Remove(name) => {
                registrations.remove(&(reactor, name.as_str()));
            }
            Act::Wait | Act::WaitFor(_) => {
                let item = item.unwrap_or_default();
                if end::is_error(item) {
                    // A step without an item of its own failed: the case ends.
                    left.push(item.to_owned());
                    break;
                }
                let alone = names(steps, reactor).into_iter().next().unwrap_or_default();
                left.push(heard(&mut registrations, reactor, alone, item, oneshot));
                continue;
            }
            _ => {}
        }
        left.extend(item.map(str::to_owned));
    }
    if given.next().is_some() {
        return Err("more items than steps".to_owned());
    }
    Ok(left.join(";"))
}

/// What is heard of one wait's records.
fn heard<'a>(
    registrations: &mut BTreeMap<(&'a str, &'a str), Registration>,
    reactor: &'a str,
    alone: &'a str,
    item: &'a str,
    oneshot: bool,
) -> String {
    let mut left = Vec::new();
    for record in item.split(' ').filter(|&record| record != "-") {
        let (name, flags) = record.split_once(':').unwrap_or((alone, record));
        // A number that was closed and reused can be reported under a name that has no registration yet.
        let unknown = || Registration { interest: Interest::READABLE, silent: false };
        let registration = registrations.entry((reactor, name)).or_insert_with(unknown);
        if registration.silent || registration.interest.is_empty() {
            continue;
        }
        let over = flags.contains(['D', 'H', 'E']);
        registration.silent = oneshot || over && !registration.interest.moves_data();
        left.push(record);
    }
    if left.is_empty() { "-".to_owned() } else { left.join(" ") }
}
