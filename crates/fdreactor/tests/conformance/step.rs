//! The notation: one string, one step. What is not known is an error, never passed over.

use crate::conformance::{
    column::Mode,
    fixture::Fixture,
    operation::{self, Operation},
};
use fdreactor::Interest;
use std::time::Duration;

/// How a registration's mode is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Not at all: it is the column's.
    Column,
    Named(Mode),
    /// Any but the column's.
    Other,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Act {
    Make(Fixture),
    Operate(Operation),
    Add(String, Interest, Asked),
    Modify(String, Interest, Asked),
    Remove(String),
    /// One turn with no timeout, after things have settled.
    Wait,
    /// The same, of which only the number of records counts.
    Count,
    /// One turn with a timeout, at once.
    WaitFor(Duration),
    Later(Duration, Operation),
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    /// Which reactor it speaks to; the default one has no name.
    pub(crate) reactor: String,
    /// Whether its result is an item of its own, and the case goes on if it fails.
    pub(crate) attempt: bool,
    pub(crate) act: Act,
    /// The result that it must have: a count, `ok`, or an error's name.
    pub(crate) demand: Option<String>,
}

/// What `up or tp` stands for. Cases with it run with each.
const EITHER: &str = "up or tp";

/// Reads a setup; more than one result where it leaves a choice of fixtures.
pub(crate) fn variants(setup: &[String]) -> Result<Vec<Vec<Step>>, String> {
    let choices: &[&str] = if setup.iter().any(|step| step == EITHER) { &["up", "tp"] } else { &[""] };
    let variant =
        |choice: &&str| setup.iter().map(|step| parse(if step == EITHER { choice } else { step })).collect();
    choices.iter().map(variant).collect()
}

fn parse(text: &str) -> Result<Step, String> {
    let unknown = || format!("unknown step: {text}");
    let (rest, demand) = match text.split_once(" -> ") {
        Some((rest, demand)) => (rest, Some(demand.to_owned())),
        None => (text, None),
    };
    let (attempt, rest) = rest.strip_prefix("try ").map_or((false, rest), |rest| (true, rest));
    let (head, list) = match rest.split_once('(') {
        Some((head, tail)) => (head, tail.strip_suffix(')').ok_or_else(unknown)?),
        None => (rest, ""),
    };
    let (reactor, verb) = head.split_once('.').unwrap_or(("", head));
    let arguments = split(list);
    let act = act(verb, &arguments)?.ok_or_else(unknown)?;
    let speaks = !matches!(act, Act::Make(_) | Act::Operate(_) | Act::Later(..));
    let tries = matches!(act, Act::Add(..) | Act::Modify(..) | Act::Remove(_));
    let demands = matches!(act, Act::Operate(_));
    if !speaks && !reactor.is_empty() || !tries && attempt || !demands && demand.is_some() {
        return Err(unknown());
    }
    Ok(Step { reactor: reactor.to_owned(), attempt, act, demand })
}

fn act(verb: &str, arguments: &[&str]) -> Result<Option<Act>, String> {
    let own = |name: &str| name.to_owned();
    Ok(Some(match (verb, arguments) {
        ("add", [name, interest]) => Act::Add(own(name), self::interest(interest)?, Asked::Column),
        ("add", [name, interest, mode]) => Act::Add(own(name), self::interest(interest)?, asked(mode)?),
        ("mod", [name, interest]) => Act::Modify(own(name), self::interest(interest)?, Asked::Column),
        ("mod", [name, interest, mode]) => Act::Modify(own(name), self::interest(interest)?, asked(mode)?),
        ("remove", [name]) => Act::Remove(own(name)),
        ("wait", []) => Act::Wait,
        ("wait, count", []) => Act::Count,
        ("wait", [timeout]) => Act::WaitFor(milliseconds(timeout)?),
        ("later", [delay, step]) => match parse(step)?.act {
            Act::Operate(operation) => Act::Later(milliseconds(delay)?, operation),
            _ => return Ok(None),
        },
        _ => match Fixture::parse(verb, arguments)? {
            Some(fixture) => Act::Make(fixture),
            None => return Ok(operation::parse(verb, arguments)?.map(Act::Operate)),
        },
    }))
}

/// Splits at the commas that are not within inner parentheses.
fn split(list: &str) -> Vec<&str> {
    let mut depth = 0;
    let outer = list.split(|character| {
        depth += i32::from(character == '(') - i32::from(character == ')');
        character == ',' && depth == 0
    });
    if list.is_empty() { Vec::new() } else { outer.collect() }
}

fn asked(text: &str) -> Result<Asked, String> {
    Ok(match text {
        "LT" => Asked::Named(Mode::Level),
        "ET" => Asked::Named(Mode::Edge),
        "OS" => Asked::Named(Mode::Oneshot),
        "other" => Asked::Other,
        _ => return Err(format!("unknown mode: {text}")),
    })
}

fn interest(text: &str) -> Result<Interest, String> {
    text.split('|').try_fold(Interest::NONE, |sum, flag| {
        Ok(sum
            | match flag {
                "I" => Interest::READABLE,
                "O" => Interest::WRITABLE,
                "P" => Interest::PRIORITY,
                "D" => Interest::DISCONNECT,
                "0" => Interest::NONE,
                _ => return Err(format!("unknown interest: {text}")),
            })
    })
}

pub(crate) fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("not a number: {text}"))
}

pub(crate) fn milliseconds(text: &str) -> Result<Duration, String> {
    number(text).map(Duration::from_millis)
}
