"""For each semgrep rule of ours: the kind of file, code that it must find, and code next to it that it must not."""

SAMPLES: dict[str, tuple[str, str, str]] = {
    "js-eval": ("js", "export const f = (x) => eval(x);", 'export const f = (x) => JSON.parse(x); eval("1 + 1");'),
    "js-shell-command": (
        "js",
        'const cp = require("child_process");\nexports.f = (name) => cp.exec("ls " + name);',
        'const cp = require("child_process");\nexports.f = (name) => cp.execFile("ls", [name]);\n/a(b)/.exec(name);',
    ),
    "js-sql-building": (
        "js",
        "export const f = (db, id) => db.query(`SELECT * FROM users WHERE id = ${id}`);",
        'export const f = (db, id) => db.query("SELECT * FROM users WHERE id = $1", [id]);\n'
        "export const g = (log, id) => log.query(`looking for ${id}`);",
    ),
    "js-dangerous-html": (
        "tsx",
        "export const A = ({ text }: { text: string }) => <p dangerouslySetInnerHTML={{ __html: text }} />;",
        "export const A = ({ text }: { text: string }) => <p>{text}</p>;\n"
        "export const B = ({ t }: { t: string }) => <p dangerouslySetInnerHTML={{ __html: DOMPurify.sanitize(t) }} />;",
    ),
    "js-hardcoded-jwt-secret": (
        "ts",
        'export const f = (user: User) => jwt.sign({ user }, "s3cr3t-of-all", { expiresIn: "1h" });',
        'export const f = (user: User) => jwt.sign({ user }, process.env.JWT_SECRET, { expiresIn: "1h" });',
    ),
    "js-jwt-none": (
        "js",
        'export const f = (token, key) => jwt.verify(token, key, { algorithms: ["HS256", "none"] });',
        'export const f = (token, key) => jwt.verify(token, key, { algorithms: ["HS256"] });',
    ),
    "js-weak-hash": (
        "js",
        'export const f = (text) => crypto.createHash("md5").update(text).digest("hex");',
        'export const f = (text) => crypto.createHash("sha256").update(text).digest("hex");',
    ),
    "js-weak-cipher": (
        "js",
        'export const f = (key) => crypto.createCipheriv("aes-128-ecb", key, null);',
        'export const f = (key, nonce) => crypto.createCipheriv("aes-256-gcm", key, nonce);',
    ),
    "js-tls-off": (
        "js",
        "export const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });",
        "export const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: true });",
    ),
    "js-open-redirect": (
        "js",
        "app.get('/go', (req, res) => { const to = req.query.next; res.redirect(to); });",
        "app.get('/go', (req, res) => { res.redirect(KNOWN[req.query.next]); res.redirect('/home'); });",
    ),
    "js-path-traversal": (
        "js",
        "app.get('/file', (req, res) => res.send(fs.readFileSync('/data/' + req.query.name)));",
        "app.get('/file', (req, res) => res.send(fs.readFileSync('/data/' + path.basename(req.query.name))));",
    ),
    "js-request-forgery": (
        "ts",
        "app.get('/proxy', async (req, res) => { const answer = await fetch(req.query.url); res.send(answer); });",
        "app.get('/proxy', async (req, res) => { const a = await fetch('https://api.acme.net/', {body: req.body}); });",
    ),
    "js-cors-anyone": (
        "js",
        "app.use(cors({ origin: true, credentials: true }));",
        "app.use(cors({ origin: ['https://app.acme.net'], credentials: true }));\napp.use(cors({ origin: '*' }));",
    ),
    "js-insecure-random": (
        "js",
        "const sessionToken = Math.random().toString(36);",
        "const sessionToken = crypto.randomUUID();\nconst colour = Math.random();",
    ),
    "js-insecure-cookie": (
        "js",
        "app.post('/in', (req, res) => res.cookie('session_id', id, { httpOnly: false, secure: true }));",
        "app.post('/in', (req, res) => { res.cookie('session_id', id, { httpOnly: true, secure: true });"
        " res.cookie('theme', 'dark'); });",
    ),
    "js-unsafe-deserialize": (
        "js",
        'const serialize = require("node-serialize");\nmodule.exports = (text) => serialize.unserialize(text);',
        "module.exports = (text) => JSON.parse(text);",
    ),
    "js-prototype-merge": (
        "js",
        "app.post('/settings', (req, res) => { _.merge(settings, req.body); res.end(); });",
        "app.post('/settings', (req, res) => { settings.theme = String(req.body.theme); res.end(); });",
    ),
    "js-nosql-injection": (
        "js",
        "app.post('/in', async (req, res) => res.json(await User.findOne(req.body)));",
        "app.post('/in', async (req, res) => res.json(await User.findOne({ name: String(req.body.name) })));",
    ),
    "py-eval": ("py", "def f(x):\n    return eval(x)\n", "import ast\ndef f(x):\n    return ast.literal_eval(x)\n"),
    "py-shell-command": (
        "py",
        "import os\ndef f(name):\n    os.system('ls ' + name)\n",
        "import os\nimport subprocess\ndef f(name):\n    subprocess.run(['ls', name])\n    os.system('ls')\n",
    ),
    "py-sql-building": (
        "py",
        "def f(cursor, name):\n    cursor.execute(f\"SELECT * FROM users WHERE name = '{name}'\")\n",
        'def f(cursor, name):\n    cursor.execute("SELECT * FROM users WHERE name = %s", (name,))\n',
    ),
    "py-hardcoded-jwt-secret": (
        "py",
        'import jwt\ndef f(user):\n    return jwt.encode({"user": user}, "s3cr3t-of-all", algorithm="HS256")\n',
        'import jwt\ndef f(user, key):\n    return jwt.encode({"user": user}, key, algorithm="HS256")\n',
    ),
    "py-jwt-unverified": (
        "py",
        'import jwt\ndef f(token):\n    return jwt.decode(token, options={"verify_signature": False})\n',
        'import jwt\ndef f(token, key):\n    return jwt.decode(token, key, algorithms=["HS256"])\n',
    ),
    "py-tls-off": (
        "py",
        "import requests\ndef f(url):\n    return requests.get(url, timeout=5, verify=False)\n",
        "import requests\ndef f(url):\n    return requests.get(url, timeout=5, verify='/etc/ca.pem')\n",
    ),
    "py-open-redirect": (
        "py",
        "from flask import redirect, request\ndef f():\n    to = request.args.get('next')\n    return redirect(to)\n",
        "from flask import redirect, request, url_for\ndef f():\n"
        "    request.args.get('next')\n    return redirect(url_for('home'))\n",
    ),
    "py-template-injection": (
        "py",
        "from flask import render_template_string\ndef f(name):\n    return render_template_string('Hi ' + name)\n",
        "from flask import render_template_string\ndef f(n):\n    return render_template_string('Hi {{ n }}', n=n)\n",
    ),
    "py-path-traversal": (
        "py",
        "from flask import request, send_file\ndef f():\n    return send_file('/data/' + request.args['name'])\n",
        "import os\nfrom flask import request, send_file\ndef f():\n"
        "    return send_file('/data/' + os.path.basename(request.args['name']))\n",
    ),
    "py-csrf-off": (
        "py",
        "from django.views.decorators.csrf import csrf_exempt\n@csrf_exempt\ndef pay(request):\n    return 1\n",
        "def pay(request):\n    return 1\n",
    ),
    "py-cors-anyone": (
        "py",
        'app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)\n',
        'app.add_middleware(CORSMiddleware, allow_origins=["https://app.acme.net"], allow_credentials=True)\n',
    ),
    "py-insecure-random": (
        "py",
        "import random\nreset_token = random.getrandbits(128)\n",
        "import random\nimport secrets\nreset_token = secrets.token_urlsafe(32)\ncolour = random.random()\n",
    ),
}
