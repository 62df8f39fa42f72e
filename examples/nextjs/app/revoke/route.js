import { proxied } from "../../lib/hallpass.js";

export const POST = proxied("/revoke");
