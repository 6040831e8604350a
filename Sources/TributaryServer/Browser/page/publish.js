import { ask } from './access.js';
import { $, make, say } from './dom.js';

export function offer(names) {
  const select = $('channel');
  if (select.dataset.names === names.join()) return;
  select.dataset.names = names.join();
  select.replaceChildren(...names.map(name => make('option', { selected: name === 'chat' }, name)));
}

$('test').addEventListener('submit', async event => {
  event.preventDefault();
  const result = $('published'), field = $('data');
  let data;
  try {
    data = JSON.parse(field.value);
  } catch (error) {
    field.focus();
    return say(result, `Not JSON: ${error.message}`, 'bad');
  } finally {
    field.setAttribute('aria-invalid', data === undefined);
  }
  say(result, 'Publishing …', '');
  try {
    const { id } = await ask('publish', {
      channel: $('channel').value, project_id: $('project').value, event: $('event').value, data,
    });
    say(result, id ? `Published with id ${id}` : 'Published; ephemeral, so without an id', 'good');
  } catch (error) {
    say(result, error.code ? `${error.code}: ${error.message}` : 'The hub does not answer.', 'bad');
  }
});
