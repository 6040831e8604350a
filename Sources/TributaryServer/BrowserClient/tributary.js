// See source/.
let es=['connected','subscribed','gap','heartbeat','replay.end','server_close'],s={'message.replay':'message.new',job_started:'job.started',job_completed:'job.completed',manifest_changed:'manifest.changed','github-sync':'github-sync.status'},eA=e=>s[e]??e,E=(r,t,e)=>{let a=()=>r.delete(t)
if(!e?.aborted)r.add(t)
e?.addEventListener('abort',a)
return a},eE=(r,t)=>{for(let[v]of[...r])v(t)},eD=()=>{let a=new TextDecoder,M=''
return s=>{let d=(M+a.decode(s,{stream:!0})).replace(/\r\n|\r(?!$)/g,'\n').split('\n\n'),b=[]
M=d.pop()
for(let m of d){let n={},e=''
for(let c of m.split('\n')){let[v,t='']=c.split(/: ?(.*)/s)
if(v=='data')e+='\n'+t
else n[v]=t}
if(e)b.push({e:n.event||'message',d:e.slice(1),i:+n.id})}
return b}},u=(m,ea)=>{let F={},b=new Set,K={state:'disconnected'},e=new Set,eb=[],ee=new Map,o,i,v={fails:0,until:0},s,p,c,ec,G,n,U,ez,Q,V,z,g,h=0,el,r,ei,S=new Map,ep,$,k,q,H,l,_,a,er,M='localStorage',eM='sessionStorage',d=(e,t)=>{try{return globalThis[e].getItem(m+t)??void 0}catch{}},ed=(e,t,a)=>{try{globalThis[e].setItem(m+t,a)
return !0}catch{}},D=()=>Date.now()+'-'+Math.random(),A=e=>new Promise(t=>setTimeout($=t,e)),T=new Set,eS=new Map,Z=(t,e)=>{let a=eS.get(t)
if(!a&&!e?.draft)return
if(e)eS.set(t,{clientMsgId:t,...a,...e})
else eS.delete(t)
ew.entries=[...eS.values()]
eE(T,ew.entries)},ew={entries:[],add:(e,t)=>Z(e,{draft:t,state:'pending'}),settle:(e,t)=>Z(e,{state:'sent',answer:t}),fail:(e,t)=>Z(e,{state:'failed',error:t}),remove:e=>Z(e),onChange:e=>E(T,[e])},eq=(t,e,o,i)=>fetch(t,{cache:'no-store',credentials:'include',headers:e?{Authorization:'Bearer '+e}:{},signal:o,...i}),W=({status:t,headers:e})=>{if(t!=200||!/^text\/event-stream/i.test(e.get('Content-Type')))
throw{status:t,wait:e.get('Retry-After')*1e3||0}},eL=async(t,e,o)=>{let a=await eq(t,e,o)
W(a)
await eC([])
let F=a.body.getReader(),A=eD()
for(;;){let{done:n,value:l}=await F.read()
if(n)return
await eC(A(l))}},em=async(t,r,s)=>{if(r)t.searchParams.set('token',r)
let e=new EventSource(t,{withCredentials:!0}),a,n
await new Promise((i,o)=>{let t=({type:l,data:h,lastEventId:t})=>{let r=t!=n&&+t
n=t
if(es.includes(l))JSON.parse(h).events?.map(b)
a=a.then(()=>eC([{e:l,d:h,i:r}])).catch(o)},b=s=>e.addEventListener(s,t)
es.map(b)
e.onopen=()=>a=eC([])
e.onerror=s.onabort=i}).finally(()=>e.close())
if(!a)W(await eq(t,r,s,{method:'HEAD'}))
await a},u=(m,e)=>{let a=new URL(m,ea),K={project_id:F.project,user_id:F.user,...e}
for(let c in K)if(K[c]!=null)a.searchParams.set(c,K[c])
return a},eg=async(t,e,o)=>eq(u(t,e),await F.token?.(),AbortSignal.timeout(15e3),o&&{method:'POST',body:JSON.stringify(o)}),B=e=>/^4(?!08|25|29)/.test(e),y=d=>{for(let m of d){let{e:l,d:h,i:t,r:i}=m
if(t){o=t
if(e.has(t))continue
e.add(t)
if(e.size>10e3)e.delete(e.values().next().value)
if(eb.push(m)>500)eb.shift()}
let n=eA(l),c=JSON.parse(h),K={name:n,type:l,id:t||void 0,data:c,replayed:!!i,raw:h}
if(n=='presence.snapshot')ee.clear()
if(/^presence/.test(n)&&ee.size<500)ee.set(c?.userId,{e:l,d:h})
ew.remove(c?.client_msg_id)
for(let{handlers:T}of b)
for(let[r,v]of[...T])
if(v==n||v=='*'&&!es.includes(n))
try{r(c,K)}catch(o){reportError(o)}}
if(o!=null)ed(eM,'at',s+' '+o)
if(o!=null&&z)ed(M,'at',o)},ek=async(t,i,o)=>{for(;;){let F=await eg('history',{channels:en(),after:t,limit:1e3})
if(B(F.status))return
let{events:e,more:z}=await F.json()
o(e.map(({id:t,event:l,data:e})=>({e:l,d:JSON.stringify(e),i:t,r:1})))
t=e.at(-1)?.id
if(!z||!t||e.some(({id:e})=>e>i))return !0}},eR=()=>{y(i??[])
i=void 0},eT=async s=>{while(z==s){let n=v,t=v.until-Date.now()
k=0
V=Infinity
if(t>0){ef(v.status)
await A(t)
continue}
l=0
let d=C(s).catch(t=>t)
if(!v.fails)ef({state:'connecting'})
let e=await d
if(z==s&&(v==n||l))j(e)}},j=({reason:n,reconnect:e,retry_ms:d,status:t,wait:h=0}={})=>{let a=l&&Date.now()-l>10e3?0:v.fails,r=Math.min(30e3,1e3*2**a),p=Math.max(h,Math.random()*r),c={state:'reconnecting',attempt:a+1},y=d=>{c=d
p=2e9}
if(n=='replaced')e=d=100+300*Math.random()
if(e)p=Math.max(d,a&&p)
else if(t==429){p=Math.max(h,r)
c={state:'limited'}}else if(t==401||t==403){if(F.token&&!er)p=0
else y({state:'blocked',status:t})
er=!0}else if(n)y({state:'closed',reason:n})
else if(t==204)y({state:'closed',reason:'no_content'})
else if(B(t))y({state:'closed',reason:'refused',status:t})
if(p<2e9)c.retryIn=p
v={fails:a+1,until:Date.now()+p,status:c}},C=async e=>{let r=await F.token?.()
if(z!=e)return
let t=(!ec&&d(M,'instance'))||s
ed(M,'instance',t)
q=en()
ep=new AbortController
V=Date.now()-7500
let n=u('stream',{channels:q,client_instance_id:t,from_seq:o,heartbeat:'event',heartbeat_ms:5e3})
await(F.transport=='eventsource'?em:eL)(n,r,ep.signal).finally(N)},eC=async d=>{let r=ep.signal,b=[],p=e=>{if(r.aborted)throw{}
w('ev',{e:e})
y(e)
b=[]
Y()}
V=Date.now()
for(let m of d){let{e:n}=m,F=es.includes(n)&&JSON.parse(m.d)
if(n=='connected'){l=Date.now()
k=F.connection_id
H=F.channels
_=F.from_seq!=null
o??=F.latest_seq??0
er=!1
v={fails:v.fails,until:0}
ef({state:'connected',leader:!0})}
if(n=='replay.end')_=!1
if(F.reason=='replay_limit'){p(b)
V=Infinity
let a=await ek(o,F.to,p)
V=Date.now()
if(a)continue}
if(F.reason=='log_reset')e.clear()
m.r=_
b.push(m)
if(n=='server_close'){p(b)
throw F}}
if(b[0])p(b)},eP=async()=>{let e=en()
if(!z||!k||a||e+''==q+'')return
a=!0
let F=await eg('stream/'+k+'/channels',{},{add:e??['all'],remove:(q??H).filter(n=>e&&!e.includes(n))}).catch(()=>({}))
a=!1
if(F.ok||B(F.status))q=e},ex=()=>{if(!z)return w('force')
er=!1
if(K.state!='limited')v={fails:0,until:l=0}
N()},N=()=>{ep?.abort()
$?.()},w=(t,e)=>n?.postMessage({v:1,t,f:s,n:h,...e}),f=e=>{if(ec)e.solo=!0
if(e.leader)e.leader=!!z
if(JSON.stringify(e)==JSON.stringify(K))return
K=e
for(let{watchers:T}of b)eE(T,e)},ef=e=>{f(e)
w('status',{s:e,h:v})},ev=async()=>{if(p||!b.size||!globalThis.document)return
let e=p=new AbortController
c=navigator.locks
f({state:'connecting'})
let w=(t=D())=>new Promise((i,o)=>c.request(m+t,{signal:AbortSignal.timeout(150)},()=>{ed(eM,'tab',t)
i(t)
return ej(e)}).catch(o)),h=await w(d(eM,'tab')).catch(()=>w()).catch(()=>{c=void 0
return D()})
if(p!=e)return
s=h
ec=!globalThis.BroadcastChannel||!c&&!ed(M,'tab',1)
let[r,v]=d(eM,'at')?.split(' ')??[]
if(v&&(r==s||!c))o??=+v
V=Date.now()
i=[]
if(!ec){n=new BroadcastChannel(m)
G=new BroadcastChannel(m)
G.onmessage=({data:e})=>e.v==1&&eU(e,e.f,e.t)}
U=setInterval(()=>{if(z||Date.now()-V>4e3+500*Math.random())O()
if(!k)Y()},500)
R()
J()},ej=({signal:e})=>new Promise(t=>e.onabort=t),J=e=>{if(ec)return eN()
if(!c)return ey(e)
g?.abort()
let d=g=new AbortController,{signal:r}=d
c.request(m,e?{steal:e}:{signal:r},()=>{if(r.aborted)return
eN()
return ej(d)}).catch(()=>r.aborted||eO())},eN=()=>{z={}
Q=s
h=Math.max(h+1,Date.now())
o??=d(M,'at')??F.from
eR()
eT(z)
w('lead',{c:[...S.keys()]})},x=()=>{g?.abort()
if(!z)return
z=void 0
V=Date.now()
N()
if(et()[0]==s)ed(M,'lease','')},eO=()=>{if(!z)return
x()
if(c)J()},eU=(e,t,a)=>{if(t==s)r=!0
else if(a=='want'){eu(t,e.c)
if(z&&e.j)w('sync',{to:t,s:K,h:v,c:[...S],e:eb,b:[...ee.values()],p:o})}else if(a=='bye'){I(t)
if(t==Q)ey()}else if(a=='force')z&&ex()
else if(a=='probe'){if(!z)return
if(!k||Date.now()-V<6e3)return w('alive')
x()
setTimeout(()=>p&&J())}
else if(e.n>h-!z){eO()
h=e.n
Q=t
V=Date.now()
el=!1
if(a=='lead')(i||!e.c.includes(s))&&eh()
else if(a=='ev')i?i.push(...e.e):y(e.e)
else if(e.s){v=e.h
f(e.s)
if(e.to==s&&i)L(e)}}},eh=()=>w('want',{c:S.get(s),j:!!i}),L=async({c,e,b,p:l})=>{let r=o??(d(M,'at')?void 0:F.from),h=e.findIndex(({i})=>i==r)
c.map(([r,v])=>S.has(r)||eu(r,v))
if(r!=null&&r!=l&&h<0)await ek(r,void 0,y).catch(()=>{})
y([...e.slice(r==l?500:h+1),...b].map(e=>({...e,r:1})))
o=l
eR()},O=()=>{if(z){if(Date.now()-V>12500)N()
eP()}else if(!document.hidden&&!el){r=!1
el=!0
w('probe')
setTimeout(()=>{if(el&&r&&p&&!z)J(!0)
el=!1},1500+500*Math.random())}},I=e=>{S.delete(e)
eP()},eu=(t,e)=>{if(!S.has(t))c?.request(m+t,{signal:p.signal},()=>I(t)).catch(()=>{})
S.set(t,e)
eP()},R=()=>{let e=eI([...b].map(({channels:r})=>r&&[...r]))
if(!b.size||e+''==S.get(s)+'')return
eu(s,e)
eh()},eI=e=>(e.includes(null)?null:[...new Set(e.flat())].sort()),en=()=>eI([...S.values()]),t=()=>{x()
w('bye')
clearInterval(U)
p?.abort()
G?.close()
n?.close()
g=p=n=Q=null
S.clear()
f({state:'disconnected'})},et=()=>d(M,'lease')?.split(' ')??[],P=()=>ed(M,'lease',s+' '+Date.now()),Y=()=>{if(c||ec||!z)return
let[r,v]=et()
if(r&&r!=s)x()
else if(!(Date.now()-v<1e3))P()},ey=async d=>{if(ei||c)return
let e=()=>p&&!z
ei=!0
await A(50*Math.random())
if(e()&&(d||!(Date.now()-et()[1]<6e3))){P()
await A(120)
if(e()&&et()[0]==s)eN()}
ei=!1},eo=l=>{let{channels:r}=l,n=new Set,T=new Set,e={handlers:n,watchers:T,channels:r&&r!='all'?new Set([r].flat()):null},a,c=e=>E(T,[e]),w=(t,e,{signal:i}={})=>E(n,[e,eA(t)],i),x=()=>{if(!b.delete(e))return
a={state:'closed',reason:'disposed'}
eE(T,a)
clearTimeout(ez)
ez=setTimeout(()=>(b.size?R():t()),200)}
Object.assign(F,l)
b.add(e)
p?R():ev()
return{get status(){return a??K},get tab(){return{id:s,leader:Q,term:h,last:o,tabs:[...S]}},outbox:ew,on:w,onStatus:c,events(e,{signal:i}={}){let b=[],n,t=()=>n?.(),s=[w(e,(n,m)=>t(b.push(m))),c(t)]
i?.addEventListener('abort',t)
return(async function*(){try{while(b[0]||!(a||i?.aborted)){if(b[0])yield b.shift()
else await new Promise(e=>n=e)}}finally{s.map(e=>e())}})()},subscribe(t){e.channels?.add(t)
R()},unsubscribe(t){e.channels?.delete(t)
setTimeout(R,200)},reconnect:ex,request:eg,send:{typing:e=>eg('typing',{},{state:e})},presence:{set:e=>eg('presence',{},{status:e})},dispose:x,[Symbol.dispose]:x}},X=(t,e)=>globalThis.addEventListener?.(t,e,!0)
X('pagehide',t)
X('freeze',t)
X('pageshow',ev)
X('resume',ev)
X('visibilitychange',O)
X('online',()=>z&&K.retryIn&&ex())
import.meta.hot?.dispose(t)
return eo},S=new Map
export let connect=l=>{let{url:i='/',user:x,project:r}=l,e=new URL((i+'').replace(/\/*$/,'/'),globalThis.document?.baseURI),s=[e,x,r,'']+'',a=S.get(s)??u(s,e)
S.set(s,a)
return a(l)}
