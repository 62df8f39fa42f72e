//! The world as a model for the checker: the possible next events, and their effects.

use crate::properties;
use crate::rules::{Fault, Rules};
use crate::world::{Tab, Who, World};
use stateright::{Model, Property};

/// An event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Time passes.
    Tick,
    /// A tab sends a refresh.
    Ask(usize),
    /// Its request arrives.
    Hear(usize),
    /// Its request is lost.
    LoseRequest(usize),
    /// Its answer arrives.
    Receive(usize),
    /// Its answer is lost.
    LoseAnswer(usize),
    /// A tab uses its access token.
    Verify,
    /// The cookie is copied.
    Steal,
    /// The thief refreshes.
    RefreshStolen,
    /// The thief uses its access token.
    VerifyStolen,
    /// The server loses its process memory, and nothing else.
    Crash,
    /// From now on the replica receives nothing.
    FallBehind,
    /// The replica takes over.
    FailOver,
    /// Logs the user out.
    Revoke,
    /// The user logs in with the same session id.
    Reissue,
    /// Only with [`Fault::WritesLater`].
    Write,
}

impl Model for Rules {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self)]
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        if world.may_wait(self) {
            events.push(Event::Tick);
        }
        (0..world.tabs.len()).for_each(|tab| tab_events(self, world, tab, events));
        thief_events(self, world, events);
        server_events(self, world, events);
    }

    fn next_state(&self, before: &World, event: Event) -> Option<World> {
        let mut world = before.clone();
        take(&mut world, event, self);
        let may_shrink = matches!(event, Event::FailOver | Event::Reissue);
        let (old, new) = (before.server.generation(), world.server.generation());
        world.history.went_back |= !may_shrink && new.is_some() && new < old;
        // The tabs are interchangeable.
        world.tabs.sort_unstable();
        (world != *before).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}

fn tab_events(rules: &Rules, world: &World, tab: usize, events: &mut Vec<Event>) {
    let may_lose = world.left.losses > 0;
    match (world.tabs[tab], world.cookie) {
        (Tab::Idle, Some(cookie)) if world.left.asks > 0 && world.is_due(cookie, rules) => {
            events.push(Event::Ask(tab));
        }
        (Tab::Idle, _) => {}
        (Tab::Asking(token, _), _) => {
            if !world.must_wait(Who::Tab, token, rules) {
                events.push(Event::Hear(tab));
            }
            events.extend(may_lose.then_some(Event::LoseRequest(tab)));
        }
        (Tab::Answered(..), _) => {
            events.push(Event::Receive(tab));
            events.extend(may_lose.then_some(Event::LoseAnswer(tab)));
        }
    }
}

fn thief_events(rules: &Rules, world: &World, events: &mut Vec<Event>) {
    let left = &world.left;
    let possible = [
        (left.thefts > 0 && world.now <= rules.theft_until && world.cookie.is_some(), Event::Steal),
        (left.stolen_asks > 0 && may_use_stolen(rules, world), Event::RefreshStolen),
        (world.thief.is_some(), Event::VerifyStolen),
    ];
    events.extend(possible.iter().filter(|(is_possible, _)| *is_possible).map(|(_, event)| *event));
}

fn may_use_stolen(rules: &Rules, world: &World) -> bool {
    world
        .thief
        .is_some_and(|held| world.is_due(held, rules) && !world.must_wait(Who::Thief, held.token, rules))
}

fn server_events(rules: &Rules, world: &World, events: &mut Vec<Event>) {
    let (left, server) = (&world.left, &world.server);
    let possible = [
        (world.cookie.is_some(), Event::Verify),
        (left.crashes > 0 && server.seen.is_some(), Event::Crash),
        (left.failovers > 0 && server.replica.is_none(), Event::FallBehind),
        (left.failovers > 0 && server.replica.is_some(), Event::FailOver),
        (left.revocations > 0 && server.session.is_some(), Event::Revoke),
        (left.reissues > 0 && server.session.is_none(), Event::Reissue),
        (rules.fault == Fault::WritesLater && server.unwritten.is_some(), Event::Write),
    ];
    events.extend(possible.iter().filter(|(is_possible, _)| *is_possible).map(|(_, event)| *event));
}

fn take(world: &mut World, event: Event, rules: &Rules) {
    match event {
        Event::Tick => world.now += 1,
        Event::Ask(tab) => {
            world.left.asks -= 1;
            world.ask(tab);
        }
        Event::Hear(tab) => world.hear(tab, rules),
        Event::Receive(tab) => world.receive(tab, rules),
        Event::LoseRequest(tab) | Event::LoseAnswer(tab) => {
            world.left.losses -= 1;
            world.tabs[tab] = Tab::Idle;
        }
        Event::Verify => world.verify(world.cookie, rules),
        Event::VerifyStolen => world.verify(world.thief, rules),
        Event::Steal => {
            world.left.thefts -= 1;
            world.steal();
        }
        Event::RefreshStolen => {
            world.left.stolen_asks -= 1;
            world.refresh_stolen(rules);
        }
        Event::Crash => {
            world.left.crashes -= 1;
            world.server.seen = None;
        }
        Event::FallBehind => world.server.replica = Some(world.server.session.clone()),
        Event::FailOver => {
            world.left.failovers -= 1;
            world.fail_over();
        }
        Event::Revoke => {
            world.left.revocations -= 1;
            world.revoke();
        }
        Event::Reissue => {
            world.left.reissues -= 1;
            world.reissue(rules);
        }
        Event::Write => world.server.session = world.server.unwritten.take(),
    }
}
