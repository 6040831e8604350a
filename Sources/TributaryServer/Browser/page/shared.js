import { $, fill, list, number } from './dom.js';
import { inspecting } from './inspector.js';

let leader, handovers = 0;

/** Which tab of this browser leads, and who follows. */
function draw() {
  const { hub } = inspecting, tab = hub?.tab;
  $('reconnect').disabled = !hub;
  $('tabs-note').hidden = Boolean(tab);
  if (tab?.leader && tab.leader !== leader) {
    if (leader) handovers += 1;
    leader = tab.leader;
  }
  if (!tab) leader = undefined;
  list($('shared'), tab ? [
    ['Leads', hub.status.solo ? 'each tab for itself' : tab.leader === tab.id ? 'this tab' : tab.leader ? 'another tab' : 'nobody yet'],
    ['Tabs', number(tab.tabs.length)],
    ['Term', String(tab.term)],
    ['Hand-overs seen', number(handovers)],
    ['Last id', String(tab.last ?? 'none')],
  ] : []);
  fill($('tab-rows'), tab?.tabs ?? [], ([id, channels]) => [
    id === tab.id ? `${id.slice(0, 8)}, this one` : String(id).slice(0, 8), id === tab.leader ? 'leads' : 'follows',
    channels ? number(channels.length) : 'all',
  ]);
}

inspecting.changed = draw;
$('reconnect').addEventListener('click', () => inspecting.hub?.reconnect());
setInterval(draw, 500);
