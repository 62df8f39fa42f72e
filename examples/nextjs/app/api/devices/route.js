import { forUsers, sessionsOf } from "../../../lib/hallpass.js";

export const GET = forUsers((user) => sessionsOf(user));
export const DELETE = forUsers((user) => sessionsOf(user, "DELETE"));
