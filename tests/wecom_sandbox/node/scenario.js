// node-easywechat as its users call it; only `http.baseURL` is not WeCom's. Settings come in by stdin as
// JSON, what each call gave goes out by stdout.
const { Work } = require('node-easywechat');

function work(settings, secret) {
  const app = new Work({
    corp_id: settings.corp_id, secret, token: settings.token, aes_key: settings.aes_key,
    http: { baseURL: settings.base_url },
  });
  const kept = new Map();
  app.setCache({
    get: async (key) => kept.get(key), set: async (key, value) => Boolean(kept.set(key, value)),
    has: async (key) => kept.has(key), delete: async (key) => kept.delete(key),
  });
  return app;
}

async function main(settings) {
  const contacts = work(settings, settings.contact_secret).getClient();
  const scrm = work(settings, settings.app_secret);
  const client = scrm.getClient();
  const get = async (url, params) => (await client.get(url, { params })).toObject();
  const post = async (url, data) => (await client.post(url, { json: data })).toObject();
  const seen = {};
  // Token: asked for once, kept, the same after a refresh.
  seen.token = await scrm.getAccessToken().getToken();
  seen.token_again = await scrm.getAccessToken().refresh();
  // User.
  const user = { userid: 'wangwu', name: '王五', department: [1], mobile: '13800000019' };
  seen.created = (await contacts.post('/cgi-bin/user/create', { json: user })).toObject();
  await settings.between('activate', { all: true });
  seen.user = await get('/cgi-bin/user/get', { userid: 'wangwu' });
  seen.unknown = await get('/cgi-bin/user/get', { userid: 'nobody' });
  // External contact: a code, a customer who scans it, welcome, details, tag.
  const way = { type: 2, scene: 2, state: 's1', user: ['wangwu'] };
  seen.way = await post('/cgi-bin/externalcontact/add_contact_way', way);
  const added = await settings.between('scan', { config_id: seen.way.config_id, person_id: 'p000001' });
  seen.added = added;
  seen.welcome = await post('/cgi-bin/externalcontact/send_welcome_msg', {
    welcome_code: added.welcome_code, text: { content: '您好' },
  });
  seen.list = await get('/cgi-bin/externalcontact/list', { userid: 'wangwu' });
  seen.detail = await get('/cgi-bin/externalcontact/get', { external_userid: added.external_userid });
  const group = { group_name: '渠道', tag: [{ name: '门店' }] };
  seen.tags = await post('/cgi-bin/externalcontact/add_corp_tag', group);
  seen.marked = await post('/cgi-bin/externalcontact/mark_tag', {
    userid: 'wangwu', external_userid: added.external_userid, add_tag: [seen.tags.tag_group.tag[0].id],
  });
  // Message, and the signature for a page.
  seen.message = await post('/cgi-bin/message/send', {
    touser: 'wangwu', msgtype: 'text', agentid: settings.agent_id, text: { content: '早会' },
  });
  seen.page = await scrm.getUtils().buildJsSdkConfig('https://scrm.example.com/h5/', ['sendChatMessage']);
  // Callback: its own decryption.
  const callback = await settings.between('last_callback');
  seen.callback = scrm.getEncryptor().decrypt(
    callback.encrypt, callback.msg_signature, callback.nonce, callback.timestamp,
  );
  return seen;
}

const lines = require('readline').createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => JSON.parse((await lines.next()).value);
const write = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

(async () => {
  const settings = await read();
  // What people do in between is asked of the test, which holds the sandbox.
  settings.between = async (act, body = {}) => {
    write({ act, body });
    return read();
  };
  write({ seen: await main(settings) });
  process.exit(0);
})().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
