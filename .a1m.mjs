import { loadAccessFile } from './dist/src/config/access/load-access-file.js';
for (const f of ['/tmp/a1-1k.yaml','/tmp/a1-1k.yaml','/tmp/a1-100k.yaml']) { const s=Date.now(); const l=loadAccessFile(f); console.log(f, l.ok, l.ok ? l.rules.users.size : l.problems.slice(0,3), Date.now()-s, 'ms', process.memoryUsage().rss>>20); }
