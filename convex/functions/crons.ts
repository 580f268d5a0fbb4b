import { cronJobs } from "convex/server";

import { internal } from "./_generated/api.js";

const crons = cronJobs();

crons.daily("sweep tombstones", { hourUTC: 3, minuteUTC: 10 }, internal.gc.tombstones, {});
crons.daily("sweep applied ops", { hourUTC: 3, minuteUTC: 20 }, internal.gc.appliedOps, {});
crons.daily("sweep assets", { hourUTC: 3, minuteUTC: 30 }, internal.gc.assets, {});
crons.daily("sweep uploads", { hourUTC: 3, minuteUTC: 40 }, internal.gc.uploads, {});

export default crons;
