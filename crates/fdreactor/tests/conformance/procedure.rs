//! The cases that the table gives in words, a function each. What they return is their items.

use crate::conformance::{
    act::inheritable,
    apart, change,
    column::{Column, Mode},
    crowd,
    end::End,
    exchange,
    fixture::{pipe_pair, unix_pair},
    time,
    watch::{Record, Watch, flags},
};
use fdreactor::{Arming, Backend, Interest, Trigger};
use rustix::io::{read, write};
use std::{
    collections::BTreeSet,
    fs,
    os::fd::{AsRawFd, OwnedFd},
    process::{Command, Stdio},
    time::Duration,
};

/// Acts a case out.
pub(crate) fn run(id: &str, column: Column) -> Result<String, String> {
    let procedure: fn(Column) -> Result<String, End> = match id {
        "A13" => unknown_bit,
        "A30" => every_combination,
        "A32" => nothing_is_inherited,
        "B13" => one_of_twelve_pipes,
        "H06" => nesting,
        "J07" => change::the_first_removes_the_other,
        "J09" => change::it_removes_itself,
        "J10" => change::it_adds_a_ready_one,
        "J11" => change::it_turns_to_writing,
        "L02" => crowd::batches_of_three,
        "L04" => crowd::one_of_a_hundred_connections,
        "L05" => crowd::high_numbers,
        "L06" => crowd::added_and_removed_at_once,
        "L08" => crowd::more_than_the_limit,
        "L09" => crowd::two_thousand_reactors,
        "M01" => time::at_once,
        "M02" => time::never_early,
        "M03" => time::fractions,
        "M04" => time::without_end,
        "M05" => time::with_nothing_to_watch,
        "M06" => time::a_wake_ends_it,
        "M07" => time::a_wake_beforehand,
        "M08" => time::three_wakes_are_one,
        "M10" => apart::a_ready_one_is_added,
        "M11" => apart::an_interest_is_widened,
        "M13" => apart::it_is_closed,
        "M15" => apart::a_descriptor_is_closed,
        "M16" => apart::modifications_race,
        "N08" => exchange::five_connections,
        _ => return Err(format!("{id} has neither a setup nor a procedure")),
    };
    match procedure(column) {
        Ok(items) => Ok(items),
        Err(End::Refused(item)) => Ok(item),
        Err(End::Broken(reason)) => Err(reason),
    }
}

pub(super) fn demand(holds: bool, what: impl FnOnce() -> String) -> Result<(), End> {
    if holds { Ok(()) } else { Err(End::Broken(what())) }
}

pub(super) fn named(records: &[Record], backend: Backend) -> Vec<(&str, String)> {
    records.iter().map(|record| (record.name.as_str(), flags(backend, record.readiness))).collect()
}

/// How a backend shows that something can be read, or written.
pub(super) fn shows(backend: Backend, interest: Interest) -> &'static str {
    match (backend == Backend::Select, interest == Interest::READABLE) {
        (true, true) => "r",
        (true, false) => "w",
        (false, true) => "I",
        (false, false) => "O",
    }
}

/// Numbers without a pattern, the same in every run.
pub(super) fn scrambled(round: u64) -> usize {
    // The finalizer of splitmix64.
    let mixed = (round + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    usize::try_from(mixed >> 33).unwrap_or_default()
}

/// A13. An interest is made from bits that have a meaning or not at all, so no reactor ever sees another.
fn unknown_bit(_: Column) -> Result<String, End> {
    for bit in (0..8).map(|place| 1_u8 << place) {
        let known = [Interest::READABLE, Interest::WRITABLE, Interest::PRIORITY, Interest::DISCONNECT]
            .iter()
            .any(|interest| interest.bits() == bit);
        demand(Interest::from_bits(bit).is_some() == known, || format!("bit {bit}"))?;
        demand(Interest::from_bits(bit | 1).is_some() == known, || format!("bit {bit} with readable"))?;
    }
    Ok("EINVAL".to_owned())
}

/// A30. Hang-up and error cannot be asked here, so 64 sets are left of the 256; the column gives the trigger.
fn every_combination(column: Column) -> Result<String, End> {
    let refused = column.refused();
    for bits in 0..16 {
        let interest = Interest::from_bits(bits).unwrap_or_default();
        for oneshot in [column.mode == Mode::Oneshot, true] {
            let arming = Arming { oneshot, ..column.mode.arming(interest) };
            let (one, _other) = unix_pair()?;
            let mut watch = Watch::new(column.backend)?;
            if refused {
                let refusals = [watch.add("a", one.as_raw_fd(), arming), {
                    watch.add("a", one.as_raw_fd(), Arming { trigger: Trigger::Level, ..arming })?;
                    watch.modify("a", one.as_raw_fd(), arming)
                }];
                for refusal in refusals {
                    let name = if let Err(End::Refused(name)) = refusal { name } else { String::new() };
                    demand(name == "ENOTSUP", || format!("{arming:?} ended in {name:?}"))?;
                }
                continue;
            }
            watch.add("a", one.as_raw_fd(), arming)?;
            watch.modify("a", one.as_raw_fd(), arming)?;
            // An idle socket is writable, and nothing else; again only where nothing has fallen silent.
            let repeats = column.mode != Mode::Edge && !oneshot;
            for asked in [true, repeats].map(|heard| heard && interest.contains(Interest::WRITABLE)) {
                let out = shows(column.backend, Interest::WRITABLE).to_owned();
                let expected: Vec<_> = asked.then_some(("a", out)).into_iter().collect();
                let records = watch.turn(Duration::ZERO)?;
                let got = named(&records, column.backend);
                demand(got == expected, || format!("{arming:?} reported {got:?}"))?;
            }
            watch.remove("a", one.as_raw_fd())?;
        }
    }
    Ok("ok".to_owned())
}

/// A32. What a child program lists as its own is compared with what was opened here since.
fn nothing_is_inherited(column: Column) -> Result<String, End> {
    let before = files("self")?;
    let (one, _other) = unix_pair()?;
    let mut watch = Watch::new(column.backend)?;
    watch.add("a", one.as_raw_fd(), column.mode.arming(Interest::READABLE))?;
    let ours: BTreeSet<String> = files("self")?.difference(&before).cloned().collect();
    demand(!ours.is_empty(), || "nothing was opened".to_owned())?;
    let inherited = || -> Result<usize, End> {
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
        // `spawn` returns once the program has begun, so what is closed on exec is closed.
        let theirs = files(&child.id().to_string())?;
        drop(child.stdin.take());
        child.wait()?;
        Ok(theirs.intersection(&ours).count())
    };
    let strangers = inherited()?;
    // That it would be seen, were it otherwise.
    let leak = inheritable(&one)?;
    let seen = inherited()?;
    drop(leak);
    demand((strangers, seen) == (0, 1), || format!("{strangers} inherited, and {seen} with a leak"))?;
    Ok("ok".to_owned())
}

/// The files that a process has open, save the directory that is being read.
fn files(process: &str) -> Result<BTreeSet<String>, End> {
    let listing = fs::read_dir(format!("/proc/{process}/fd"))?;
    let links = listing.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    Ok(links
        .map(|link| link.to_string_lossy().into_owned())
        .filter(|link| !link.starts_with("/proc/"))
        .collect())
}

/// B13.
fn one_of_twelve_pipes(column: Column) -> Result<String, End> {
    let mut watch = Watch::new(column.backend)?;
    let mut pipes: Vec<(String, OwnedFd, OwnedFd)> = Vec::new();
    for number in 0..12 {
        let (reader, writer) = pipe_pair()?;
        let name = format!("r{number}");
        watch.add(&name, reader.as_raw_fd(), column.mode.arming(Interest::READABLE))?;
        pipes.push((name, reader, writer));
    }
    for round in 0.. {
        if pipes.is_empty() {
            break;
        }
        let (name, reader, writer) = pipes.swap_remove(scrambled(round) % pipes.len());
        write(&writer, b".")?;
        let records = watch.turn(Duration::ZERO)?;
        let got = named(&records, column.backend);
        let expected = [(name.as_str(), shows(column.backend, Interest::READABLE).to_owned())];
        demand(got == expected, || format!("{name} was written to, and {got:?} reported"))?;
        read(&reader, &mut [0; 1])?;
        watch.remove(&name, reader.as_raw_fd())?;
    }
    Ok("ok".to_owned())
}

/// H06.
fn nesting(column: Column) -> Result<String, End> {
    let fresh = |count: usize| (0..count).map(|_| Watch::new(column.backend)).collect::<Result<Vec<_>, _>>();
    // One reactor watches another.
    let add = |watches: &mut Vec<Watch>, outer: usize, inner: usize| -> Result<(), End> {
        let fd = watches[inner].fd().ok_or_else(|| "no descriptor".to_owned())?;
        watches[outer].add("inner", fd, column.mode.arming(Interest::READABLE))
    };
    let name = |outcome| match outcome {
        Ok(()) => Ok("ok".to_owned()),
        Err(End::Refused(name)) => Ok(name),
        Err(broken) => Err(broken),
    };
    let (one, _other) = unix_pair()?;
    let mut six = fresh(6)?;
    six[0].add("a", one.as_raw_fd(), column.mode.arming(Interest::READABLE))?;
    for outer in 1..5 {
        add(&mut six, outer, outer - 1)?;
    }
    let deep = name(add(&mut six, 5, 4))?;
    let mut two = fresh(2)?;
    add(&mut two, 0, 1)?;
    let loop_of_two = name(add(&mut two, 1, 0))?;
    let mut three = fresh(3)?;
    add(&mut three, 0, 1)?;
    add(&mut three, 1, 2)?;
    let loop_of_three = name(add(&mut three, 2, 0))?;
    Ok([deep, loop_of_two, loop_of_three].join(";"))
}
