/** A process of `openPool({ devices })`: one engine. Started by the pool, of no use by hand. */
import type { TaskOptions } from '../task.js';
import { openTask } from '../task.js';
import { serveParent } from './child.js';

serveParent<TaskOptions>((task, device) => openTask({ ...task, engine: { ...task.engine, device } }));
