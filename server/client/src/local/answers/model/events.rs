//! What can happen in a world, and when.

use super::world::{Link, Task, World};
use super::{Rules, promises};
use stateright::{Model, Property};

/// One thing that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A quarter of a second passes.
    Tick,
    /// A task gets its permission, or sends its question.
    Prepare(usize),
    /// A task keeps its answer.
    Keep(usize),
    /// The server answers what came over a connection.
    Serve(usize),
    /// The client reads what came over a connection.
    Read(usize),
    /// A push that waits is applied.
    ApplyPush,
    SendBeat,
    ApplyBeat,
    Revoke,
    Flush,
    Reload,
    Cut,
    Lose,
    GiveUp,
    Connect,
    Adopt,
}

impl Model for Rules {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self)]
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        task_events(world, events);
        connection_events(world, events);
        link_events(world, events);
        let (left, is_valid) = (&world.left, world.void_since.is_none());
        let possible = [
            (left.ticks > 0, Event::Tick),
            (left.revocations > 0 && is_valid, Event::Revoke),
            (left.flushes > 0 && is_valid, Event::Flush),
            (left.reloads > 0 && is_valid, Event::Reload),
            (!world.waiting.is_empty(), Event::ApplyPush),
        ];
        events.extend(possible.iter().filter(|(is_possible, _)| *is_possible).map(|(_, event)| *event));
    }

    fn next_state(&self, before: &World, event: Event) -> Option<World> {
        let mut world = before.clone();
        take(&mut world, event, self);
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        promises::all()
    }
}

fn task_events(world: &World, events: &mut Vec<Event>) {
    for (index, task) in world.tasks.iter().enumerate() {
        match task {
            // Which task is which makes no difference: they begin in order.
            Task::Idle if index > 0 && world.tasks[index - 1] == Task::Idle => {}
            Task::Idle | Task::Permitted(_) | Task::Connected(_) => events.push(Event::Prepare(index)),
            Task::Answered(_) => events.push(Event::Keep(index)),
            Task::Asking(_) | Task::Done => {}
        }
    }
}

fn connection_events(world: &World, events: &mut Vec<Event>) {
    for (index, connection) in world.connections.iter().enumerate().filter(|(_, one)| !one.is_cut) {
        events.extend((!connection.requests.is_empty()).then_some(Event::Serve(index)));
        events.extend((!connection.messages.is_empty()).then_some(Event::Read(index)));
    }
}

fn link_events(world: &World, events: &mut Vec<Event>) {
    let left = &world.left;
    match world.link {
        Link::Down => events.push(Event::Connect),
        Link::Connecting(_) => events.push(Event::Adopt),
        Link::Up if left.beats > 0 => events.push(Event::SendBeat),
        Link::Up | Link::Beating(_) => {}
        Link::Beaten(_) => events.push(Event::ApplyBeat),
    }
    if !matches!(world.link, Link::Down | Link::Connecting(_)) {
        events.extend((left.cuts > 0).then_some(Event::Cut));
        events.extend((left.losses > 0).then_some([Event::Lose, Event::GiveUp]).into_iter().flatten());
    }
}

fn take(world: &mut World, event: Event, rules: &Rules) {
    let left = &mut world.left;
    match event {
        Event::Tick => (left.ticks, world.now) = (left.ticks - 1, world.now + 1),
        Event::Prepare(task) => world.prepare(task, rules),
        Event::Keep(task) => world.keep(task, rules),
        Event::Serve(connection) => world.serve(connection),
        Event::Read(connection) => world.read(connection, rules),
        Event::ApplyPush => world.apply_waiting(),
        Event::SendBeat => {
            left.beats -= 1;
            world.send_beat();
        }
        Event::ApplyBeat => world.apply_beat(rules),
        Event::Revoke => world.revoke(),
        Event::Flush => world.flush(),
        Event::Reload => world.reload(),
        Event::Cut => {
            left.cuts -= 1;
            world.cut();
        }
        Event::Lose => {
            left.losses -= 1;
            world.lose();
        }
        Event::GiveUp => {
            left.losses -= 1;
            world.give_up();
        }
        Event::Connect => world.connect(),
        Event::Adopt => world.adopt(),
    }
}
