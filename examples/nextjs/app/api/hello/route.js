import { forUsers } from "../../../lib/hallpass.js";

export const GET = forUsers(({ id, claims }) => {
  return Response.json({ user: `${claims.name} (${id})`, message: `Hello ${claims.name}` });
});
