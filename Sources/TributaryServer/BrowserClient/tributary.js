// Made by bundle.py of source/, where it is explained.
let e=['connected','subscribed','gap','heartbeat','replay.end','server_close'],a={'message.replay':'message.new',job_started:'job.started',job_completed:'job.completed',manifest_changed:'manifest.changed','github-sync':'github-sync.status'},t=e=>a[e]??e,i=()=>{let n=new Set(),t=(i,a)=>{let t=e.entries.find(e=>e.clientMsgId==i)
if(!t&&!a?.draft)return
let s={clientMsgId:i,...t,...a}
e.entries=e.entries.flatMap(e=>(e!=t?e:a?s:[])).concat(t?[]:s)
for(let r of[...n])r(e.entries)},e={entries:[],add:(e,n)=>t(e,{draft:n,state:'pending'}),settle:(e,n)=>t(e,{state:'sent',answer:n}),fail:(e,n)=>t(e,{state:'failed',error:n}),remove:e=>t(e),onChange(e){n.add(e)
return()=>n.delete(e)}}
return e},s=()=>{let t=new TextDecoder(),e=''
return l=>{let s=(e+t.decode(l,{stream:!0})).replace(/\r\n|\r(?!$)/g,'\n').split('\n\n'),r=[]
e=s.pop()
for(let c of s){let a={},n
for(let d of c.split('\n')){let[o,i='']=d.split(/: ?(.*)/s)
if(o=='data')n=n==null?i:n+'\n'+i
else a[o]=i}
if(n!=null)r.push({e:a.event||'message',d:n,i:+a.id})}
return r}},r=(v,eN)=>{let u={},f=new Set(),eo=i(),z={state:'disconnected'},w=new Set(),K=[],R=new Map(),l,g,r={fails:0,until:0},a,p,c,k,X,O,el,J,E,d,n,L,b=0,T,Q,Z,o=new Map(),C,ec,x,N,ed,j,$,D,_,U,m='localStorage',P='sessionStorage',q=(e,t)=>{try{return globalThis[e].getItem(v+t)}catch{}},y=(e,t,n)=>{try{globalThis[e].setItem(v+t,n)
return !0}catch{}},ee=()=>crypto.getRandomValues(new Uint32Array(4)).join('-'),eu=e=>new Promise(t=>setTimeout(t,e)),et=(t,e,n,a)=>fetch(t,{cache:'no-store',credentials:'include',headers:e?{Authorization:'Bearer '+e}:{},signal:n,...a}),ep=({status:e,headers:t})=>{if(e!=200)throw{status:e,wait:t.get('Retry-After')*1e3||0}
if(!/^text\/event-stream/i.test(t.get('Content-Type')))throw{}},eA=async(t,n,a)=>{let e=await et(t,n,a)
ep(e)
await M([])
let i=e.body.getReader(),r=s()
for(;;){let{done:o,value:l}=await i.read()
if(o)return
await M(r(l))}},eI=async(a,i,s)=>{if(i)a.searchParams.set('token',i)
let n=new EventSource(a,{withCredentials:!0}),r,t
await new Promise((i,o)=>{let l=({type:i,data:s,lastEventId:n})=>{let l=n!=r&&+n
r=n
if(e.includes(i))JSON.parse(s).events?.map(a)
t=t.then(()=>M([{e:i,d:s,i:l}])).catch(o)},a=e=>n.addEventListener(e,l)
e.map(a)
n.onopen=()=>(t=M([]))
n.onerror=s.onabort=i}).finally(()=>n.close())
if(!t)ep(await et(a,i,s,{method:'HEAD'}))
await t},em=(a,i)=>{let n=new URL(a,eN),e={project_id:u.project,user_id:u.user,...i}
for(let t in e)if(e[t]!=null)n.searchParams.set(t,e[t])
return n},A=async(t,n,e)=>et(em(t,n),await u.token?.(),AbortSignal.timeout(15e3),e&&{method:'POST',body:JSON.stringify(e)}),en=e=>/^4(?!08|25|29)/.test(e),eS=({e:i,d:s,i:o,r:l})=>{let n=t(i),a=JSON.parse(s),c={name:n,type:i,id:o||void 0,data:a,replayed:!!l,raw:s}
if(n=='presence.snapshot')R.clear()
if(/^presence/.test(n)&&R.size<500)R.set(a.userId,{e:i,d:s})
eo.remove(a?.client_msg_id)
for(let{handlers:d}of f)
for(let[u,r]of[...d])
if(r==n||(r=='*'&&!e.includes(n)))
try{u(a,c)}catch(e){reportError(e)}},I=s=>{for(let i of s){let{e:r,i:t}=i
if(t)l=t
if(t&&!e.includes(r)){if(w.has(t))continue
w.add(t)
if(w.size>10e3)w.delete(w.values().next().value)
if(K.push(i)>500)K.shift()}
eS(i)}
if(l==null)return
y(P,'at',a+' '+l)
if(n)y(m,'at',l)},eh=async(e,a,i)=>{for(;;){let n=await A('history',{channels:ea(),after:e,limit:1e3})
if(en(n.status))return
let{events:t,more:s}=await n.json()
i(t.map(({id:e,event:t,data:n})=>({e:t,d:JSON.stringify(n),i:e,r:1})))
e=t.at(-1)?.id
if(!s||!e||t.some(({id:e})=>e>a))return !0}},ef=()=>{let e=g??[]
g=void 0
I(e)},eR=async e=>{while(n==e){let a=r,t=r.until-Date.now()
x=0
d=Infinity
if(t>0){ei(r.status)
await new Promise(e=>setTimeout((ec=e),t))
continue}
j=0
let i=eO(e).catch(e=>e)
if(!r.fails)ei({state:'connecting'})
let s=await i
if(n==e&&(r==a||j))eL(s??{})}},eL=({close:n,status:t,wait:o=0})=>{let a=j&&Date.now()-j>10e3?0:r.fails,l=Math.min(30e3,1e3*2**a),e=Math.max(o,Math.random()*l),i={state:'reconnecting',attempt:a+1},s=t=>{i=t
e=2e9}
if(n?.reason=='replaced')e=100+300*Math.random()+(a&&e)
else if(n?.reconnect)e=Math.max(n.retry_ms,a&&e)
else if(n)s({state:'closed',reason:n.reason})
else if(t==204)s({state:'closed',reason:'no_content'})
else if(t==401||t==403){if(u.token&&!U)e=0
else s({state:'blocked',status:t})
U=!0}else if(t==429){e=Math.max(o,l)
i={state:'limited'}}else if(en(t))s({state:'closed',reason:'refused',status:t})
if(e<2e9)i.retryIn=e
r={fails:a+1,until:Date.now()+e,status:i}},eO=async t=>{let i=u.token&&(await u.token())
if(n!=t)return
let e=(!k&&q(m,'instance'))||a
y(m,'instance',e)
N=ea()
C=new AbortController()
d=Date.now()-7500
let s=em('stream',{channels:N,client_instance_id:e,from_seq:l,heartbeat:'event',heartbeat_ms:5e3})
await(u.transport=='eventsource'?eI:eA)(s,i,C.signal).finally(H)},M=async o=>{let{signal:c}=C,n=[],a=e=>{if(c.aborted)throw{}
h('ev',{e:e})
I(e)
n=[]
eg()}
d=Date.now()
for(let i of o){let{e:s}=i,t=e.includes(s)&&JSON.parse(i.d)
if(s=='connected'){j=Date.now()
x=t.connection_id
ed=t.channels
$=t.from_seq!=null
l??=t.latest_seq??0
U=!1
r={fails:r.fails,until:0}
ei({state:'connected',leader:!0})}
if(s=='replay.end'){$=!1
D=t.more&&t.lastReplayedSeq}
if(D&&t.reason=='replay_limit'){a(n)
d=Infinity
let u=await eh(D,t.to,a)
d=Date.now()
D=0
if(u)continue}
if(t.reason=='log_reset')w.clear()
if($)i.r=1
n.push(i)
if(s=='server_close'){a(n)
throw{close:t}}}
if(n[0])a(n)},F=async()=>{let e=ea()
if(!n||!x||_||e+''==N+'')return
_=!0
let t=await A('stream/'+x+'/channels',{},{add:e??['all'],remove:(N??ed).filter(t=>e&&!e.includes(t))}).catch(()=>({}))
_=!1
if(t.ok||en(t.status))N=e},ev=()=>{if(!n)return h('force')
U=!1
if(z.state!='limited')r={fails:0,until:(j=0)}
H()},H=()=>{C?.abort()
ec?.()},h=(e,t)=>O?.postMessage({v:1,t:e,f:a,n:b,...t}),G=e=>{if(k)e.solo=!0
if(JSON.stringify(e)==JSON.stringify(z))return
z=e
for(let{watchers:t}of f)for(let[n]of[...t])n(e)},ei=e=>{G(e)
h('status',{s:e,h:r})},es=async()=>{if(p||!f.size||!globalThis.document)return
let e=(p=new AbortController())
c=navigator.locks
G({state:'connecting'})
let n=await eC(e)
if(p!=e)return
a=n
k=!globalThis.BroadcastChannel||(!c&&!y(m,'test',1))
let[i,t]=q(P,'at')?.split(' ')??[]
if(t&&(i==a||!c))l??=+t
d=Date.now()
g=[]
if(!k){X=new BroadcastChannel(v)
O=new BroadcastChannel(v)
X.onmessage=({data:e})=>e.v==1&&eD(e,e.f,e.t)}
el=setInterval(eU,500)
S()
V()},eb=({signal:e})=>new Promise(t=>e.addEventListener('abort',t)),eC=async n=>{let e=e=>new Promise(t=>c?.request(v+e,{signal:AbortSignal.timeout(150)},()=>{y(P,'tab',e)
t(e)
return eb(n)}).catch(()=>t())??t()),t=(await e(q(P,'tab')??ee()))??(await e(ee()))
if(!t)c=void 0
return t??ee()},V=e=>{if(k)return er()
if(!c)return ey(e)
L?.abort()
let n=(L=new AbortController()),{signal:t}=n
c.request(v,e?{steal:e}:{signal:t},()=>{if(t.aborted)return
er()
return eb(n)}).catch(()=>t.aborted||ew())},er=()=>{n={}
E=a
b=Math.max(b+1,Date.now())
l??=q(m,'at')??u.from
ef()
eR(n)
h('lead',{c:[...o.keys()]})},B=()=>{L?.abort()
if(!n)return
n=void 0
d=Date.now()
H()
if(Y()[0]==a)y(m,'lease','')},ew=()=>{if(!n)return
B()
if(c)V()},eD=(t,e,i)=>{if(e==a)Q=!0
else if(i=='want'){ek(e,t.c)
F()
if(n&&t.j)h('sync',{to:e,s:z,h:r,c:[...o],e:K,b:[...R.values()],p:l})}else if(i=='bye'){ex(e)
if(e==E)ey()}else if(i=='force')n&&ev()
else if(i=='probe')n&&eP()
else if(t.n>b||(t.n==b&&!n))eM(t,e,i)},eM=(e,n,t)=>{ew()
b=e.n
E=n
d=Date.now()
T=!1
if(t=='lead')(g||!e.c.includes(a))&&ej()
else if(t=='ev')g?g.push(...e.e):I(e.e)
else if(e.s){r=e.h
G(e.s.leader?{...e.s,leader:!1}:e.s)
if(e.to==a&&g)eH(e)}},ej=()=>h('want',{c:o.get(a),j:!!g}),eH=async({c:s,e:n,b:r,p:t})=>{let e=l??(q(m,'at')?void 0:u.from),a=n.findIndex(({i:t})=>t==e)
for(let[i,c]of s)if(!o.has(i))ek(i,c)
if(e!=null&&e!=t&&a<0)await eh(e,void 0,I).catch(()=>{})
I([...(e==t?[]:n.slice(a+1)),...r].map(e=>({...e,r:1})))
l=t
ef()},eP=()=>{if(!x||Date.now()-d<6e3)return h('alive')
B()
setTimeout(()=>p&&V())},eU=()=>{if(n||Date.now()-d>4e3+500*Math.random())eq()
if(!x)eg()},eq=()=>{if(n){if(Date.now()-d>12500)H()
F()}else if(!document.hidden&&!T){Q=!1
T=!0
h('probe')
setTimeout(()=>{if(T&&Q&&p&&!n)V(!0)
T=!1},1500+500*Math.random())}},ex=e=>{o.delete(e)
F()},ek=(e,t)=>{if(!o.has(e))c?.request(v+e,{signal:p.signal},()=>ex(e)).catch(()=>{})
o.set(e,t)},S=()=>{let e=[...f].map(({channels:e})=>e&&[...e]),t=e.includes(null)?null:e.flat()
if(!f.size||(o.has(a)&&t+''==o.get(a)+''))return
o.set(a,t)
ej()
F()},ea=()=>{let e=[...o.values()]
return e.includes(null)?void 0:[...new Set(e.flat())].sort()},W=()=>{B()
h('bye')
clearInterval(el)
p?.abort()
X?.close()
O?.close()
L=p=O=E=void 0
o.clear()
G({state:'disconnected'})},Y=()=>q(m,'lease')?.split(' ')??[],ez=()=>y(m,'lease',a+' '+Date.now()),eg=()=>{if(c||k||!n)return
let[e,t]=Y()
if(e&&e!=a)B()
else if(!(Date.now()-t<1e3))ez()},ey=async t=>{if(Z||c)return
let e=()=>p&&!n
Z=!0
await eu(50*Math.random())
if(e()&&(t||!(Date.now()-Y()[1]<6e3))){ez()
await eu(120)
if(e()&&Y()[0]==a)er()}
Z=!1},eF=r=>{let{channels:i}=r,c=new Set(),s=new Set(),n={handlers:c,watchers:s,channels:i&&i!='all'?new Set([i].flat()):null},e,d=(e,t,n)=>{let a=()=>e.delete(t)
if(!n?.aborted)e.add(t)
n?.addEventListener('abort',a)
return a},m=e=>d(s,[e]),h=(e,n,{signal:a}={})=>d(c,[n,t(e)],a),g=()=>{if(e)return
e={state:'closed',reason:'disposed'}
for(let[t]of[...s])t(e)
f.delete(n)
clearTimeout(J)
J=setTimeout(()=>(f.size?S():W()),200)}
Object.assign(u,r)
f.add(n)
clearTimeout(J)
p?S():es()
return{get status(){return e??z},get tab(){return{id:a,leader:E,term:b,last:l,tabs:[...o]}},outbox:eo,on:h,onStatus:m,events(s,{signal:a}={}){let t=[],i,n=()=>i?.(),r=[h(s,(a,e)=>n(t.push(e))),m(n)]
a?.addEventListener('abort',n)
return(async function*(){try{while(!e&&!a?.aborted){while(t[0])yield t.shift()
await new Promise(e=>(i=e))}}finally{r.map(e=>e())}})()},subscribe(e){n.channels?.add(e)
S()},unsubscribe(e){n.channels?.delete(e)
setTimeout(S,200)},reconnect:ev,request:A,send:{typing:e=>A('typing',{},{state:e})},presence:{set:e=>A('presence',{},{status:e})},dispose:g,[Symbol.dispose]:g}},eE={pagehide:W,freeze:W,pageshow:es,resume:es,visibilitychange:eq}
for(let eT in eE)globalThis.addEventListener?.(eT,eE[eT],!0)
import.meta.hot?.dispose(W)
return eF},n=new Map()
export let connect=t=>{let{url:s='/',user:o,project:l}=t,a=new URL((s+'/').replace(/\/+$/,'/'),globalThis.document?.baseURI),e=[a,o,l,''].join('|'),i=n.get(e)??r(e,a)
n.set(e,i)
return i(t)}
