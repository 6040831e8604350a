// Made of source/.
let es=['connected','subscribed','gap','heartbeat','replay.end','server_close'],v={'message.replay':'message.new',job_started:'job.started',job_completed:'job.completed',manifest_changed:'manifest.changed','github-sync':'github-sync.status'},eA=e=>v[e]??e,E=(r,t,e)=>{let a=()=>r.delete(t)
if(!e?.aborted)r.add(t)
e?.addEventListener('abort',a)
return a},eE=(r,t)=>{for(let[e]of[...r])e(t)},eD=()=>{let a=new TextDecoder,M=''
return s=>{let d=(M+a.decode(s,{stream:!0})).replace(/\r\n|\r(?!$)/g,'\n').split('\n\n'),b=[]
M=d.pop()
for(let m of d){let n={},t=''
for(let c of m.split('\n')){let[v,h='']=c.split(/: ?(.*)/s)
if(v=='data')t+='\n'+h
else n[v]=h}
if(t)b.push({e:n.event||'message',d:t.slice(1),i:+n.id})}
return b}},u=(m,Y)=>{let F={},b=new Set,K={state:'disconnected'},e=new Set,eb=[],ee=new Map,o,i,v={fails:0,until:0},s,p,c,ec,$,n,ez,B,G,Q,z,J,h=0,el,r,ei,S=new Map,ep,H,k,eq,ek,l,L,a,er,M='localStorage',eM='sessionStorage',d=(e,t)=>{try{return globalThis[e].getItem(m+t)??void 0}catch{}},ed=(e,t,a)=>{try{globalThis[e].setItem(m+t,a)
return !0}catch{}},D=()=>Date.now()+'-'+Math.random(),A=e=>new Promise(t=>setTimeout(H=t,e)),T=new Set,eS=new Map,V=(t,e)=>{let a=eS.get(t)
if(!a&&!e?.draft)return
if(e)eS.set(t,{clientMsgId:t,...a,...e})
else eS.delete(t)
ew.entries=[...eS.values()]
eE(T,ew.entries)},ew={entries:[],add:(e,t)=>V(e,{draft:t,state:'pending'}),settle:(e,t)=>V(e,{state:'sent',answer:t}),fail:(e,t)=>V(e,{state:'failed',error:t}),remove:e=>V(e),onChange:e=>E(T,[e])},ev=(t,e,o,i)=>fetch(t,{cache:'no-store',credentials:'include',headers:e?{Authorization:'Bearer '+e}:{},signal:o,...i}),Z=({status:t,headers:e})=>{if(t!=200||!/^text\/event-stream/i.test(e.get('Content-Type')))
throw{status:t,wait:e.get('Retry-After')*1e3||0}},eT=async(t,e,o)=>{let a=await ev(t,e,o)
Z(a)
await eC([])
let F=a.body.getReader(),A=eD()
for(;;){let{done:c,value:l}=await F.read()
if(c)return
await eC(A(l))}},ea=async(t,l,L)=>{if(l)t.searchParams.set('token',l)
let n=new EventSource(t,{withCredentials:!0}),e,a
await new Promise((i,o)=>{let t=({type:l,data:h,lastEventId:t})=>{let r=t!=a&&+t
a=t
if(es.includes(l))JSON.parse(h).events?.map(_)
e=e.then(()=>eC([{e:l,d:h,i:r}])).catch(o)},_=e=>n.addEventListener(e,t)
es.map(_)
n.onopen=()=>e=eC([])
n.onerror=L.onabort=i}).finally(()=>n.close())
if(!e)Z(await ev(t,l,L,{method:'HEAD'}))
await e},u=(m,i)=>{let a=new URL(m,Y),K={project_id:F.project,user_id:F.user,...i}
for(let c in K)if(K[c]!=null)a.searchParams.set(c,K[c])
return a},eg=async(t,e,o)=>ev(u(t,e),await F.token?.(),AbortSignal.timeout(15e3),o&&{method:'POST',body:JSON.stringify(o)}),_=e=>/^4(?!08|25|29)/.test(e),y=d=>{for(let m of d){let{e:l,d:h,i:t,r:i}=m
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
if(o!=null&&z)ed(M,'at',o)},X=async(k,m,i)=>{for(;;){let F=await eg('history',{channels:en(),after:k,limit:1e3})
if(_(F.status))return
let{events:s,more:z}=await F.json()
i(s.map(({id:t,event:l,data:e})=>({e:l,d:JSON.stringify(e),i:t,r:1})))
k=s.at(-1)?.id
if(!z||!k||s.some(({id:e})=>e>m))return !0}},eR=()=>{y(i??[])
i=void 0},g=async s=>{while(z==s){let n=v,t=v.until-Date.now()
k=0
Q=Infinity
if(t>0){ef(v.status)
await A(t)
continue}
l=0
let F=C(s).catch(J=>J)
if(!v.fails)ef({state:'connecting'})
let e=await F
if(z==s&&(v==n||l))j(e)}},j=({reason:n,reconnect:e,retry_ms:h,status:t,wait:s=0}={})=>{let a=l&&Date.now()-l>10e3?0:v.fails,d=Math.min(30e3,1e3*2**a),p=Math.max(s,Math.random()*d),c={state:'reconnecting',attempt:a+1},i=d=>{c=d
p=2e9}
if(n=='replaced')e=h=100+300*Math.random()
if(e)p=Math.max(h,a&&p)
else if(t==429){p=Math.max(s,d)
c={state:'limited'}}else if(t==401||t==403){if(F.token&&!er)p=0
else i({state:'blocked',status:t})
er=!0}else if(n)i({state:'closed',reason:n})
else if(t==204)i({state:'closed',reason:'no_content'})
else if(_(t))i({state:'closed',reason:'refused',status:t})
if(p<2e9)c.retryIn=p
v={fails:a+1,until:Date.now()+p,status:c}},C=async e=>{let a=await F.token?.()
if(z!=e)return
let t=(!ec&&d(M,'instance'))||s
ed(M,'instance',t)
eq=en()
ep=new AbortController
Q=Date.now()-7500
let n=u('stream',{channels:eq,client_instance_id:t,from_seq:o,heartbeat:'event',heartbeat_ms:5e3})
await(F.transport=='eventsource'?ea:eT)(n,a,ep.signal).finally(N)},eC=async d=>{let t=ep.signal,s=[],f=e=>{if(t.aborted)throw{}
w('ev',{e:e})
y(e)
s=[]
et()}
Q=Date.now()
for(let m of d){let{e:n}=m,F=es.includes(n)&&JSON.parse(m.d)
if(n=='connected'){l=Date.now()
k=F.connection_id
ek=F.channels
L=F.from_seq!=null
o??=F.latest_seq??0
er=!1
v={fails:v.fails,until:0}
ef({state:'connected',leader:!0})}
if(n=='replay.end')L=!1
if(F.reason=='replay_limit'){f(s)
Q=Infinity
let a=await X(o,F.to,f)
Q=Date.now()
if(a)continue}
if(F.reason=='log_reset')e.clear()
m.r=L
s.push(m)
if(n=='server_close'){f(s)
throw F}}
if(s[0])f(s)},eP=async()=>{let e=en()
if(!z||!k||a||e+''==eq+'')return
a=!0
let F=await eg('stream/'+k+'/channels',{},{add:e??['all'],remove:(eq??ek).filter(s=>e&&!e.includes(s))}).catch(()=>({}))
a=!1
if(F.ok||_(F.status))eq=e},ex=()=>{if(!z)return w('force')
er=!1
if(K.state!='limited')v={fails:0,until:l=0}
N()},N=()=>{ep?.abort()
H?.()},w=(t,e)=>n?.postMessage({v:1,t,f:s,n:h,...e}),f=e=>{if(ec)e.solo=!0
if(e.leader)e.leader=!!z
if(JSON.stringify(e)==JSON.stringify(K))return
K=e
for(let{watchers:T}of b)eE(T,e)},ef=e=>{f(e)
w('status',{s:e,h:v})},U=async()=>{if(p||!b.size||!globalThis.document)return
let e=p=new AbortController
c=navigator.locks
f({state:'connecting'})
let w=(t=D())=>new Promise((i,o)=>c.request(m+t,{signal:AbortSignal.timeout(150)},()=>{ed(eM,'tab',t)
i(t)
return ej(e)}).catch(o)),l=await w(d(eM,'tab')).catch(()=>w()).catch(()=>{c=void 0
return D()})
if(p!=e)return
s=l
ec=!globalThis.BroadcastChannel||!c&&!ed(M,'test',1)
let[r,v]=d(eM,'at')?.split(' ')??[]
if(v&&(r==s||!c))o??=+v
Q=Date.now()
i=[]
if(!ec){n=new BroadcastChannel(m)
$=new BroadcastChannel(m)
$.onmessage=({data:e})=>e.v==1&&eU(e,e.f,e.t)}
ez=setInterval(()=>{if(z||Date.now()-Q>4e3+500*Math.random())t()
if(!k)et()},500)
R()
O()},ej=({signal:e})=>new Promise(t=>e.onabort=t),O=e=>{if(ec)return eN()
if(!c)return ey(e)
J?.abort()
let a=J=new AbortController,{signal:p}=a
c.request(m,e?{steal:e}:{signal:p},()=>{if(p.aborted)return
eN()
return ej(a)}).catch(()=>p.aborted||eO())},eN=()=>{z={}
G=s
h=Math.max(h+1,Date.now())
o??=d(M,'at')??F.from
eR()
g(z)
w('lead',{c:[...S.keys()]})},x=()=>{J?.abort()
if(!z)return
z=void 0
Q=Date.now()
N()
if(em()[0]==s)ed(M,'lease','')},eO=()=>{if(!z)return
x()
if(c)O()},eU=(e,t,a)=>{if(t==s)r=!0
else if(a=='want'){eu(t,e.c)
if(z&&e.j)w('sync',{to:t,s:K,h:v,c:[...S],e:eb,b:[...ee.values()],p:o})}else if(a=='bye'){I(t)
if(t==G)ey()}else if(a=='force')z&&ex()
else if(a=='probe'){if(!z)return
if(!k||Date.now()-Q<6e3)return w('alive')
x()
setTimeout(()=>p&&O())}
else if(e.n>h-!z){eO()
h=e.n
G=t
Q=Date.now()
el=!1
if(a=='lead')(i||!e.c.includes(s))&&eh()
else if(a=='ev')i?i.push(...e.e):y(e.e)
else if(e.s){v=e.h
f(e.s)
if(e.to==s&&i)P(e)}}},eh=()=>w('want',{c:S.get(s),j:!!i}),P=async({c:x,e,b,p:s})=>{let r=o??(d(M,'at')?void 0:F.from),f=e.findIndex(({i:e})=>e==r)
x.map(([r,v])=>S.has(r)||eu(r,v))
if(r!=null&&r!=s&&f<0)await X(r,void 0,y).catch(()=>{})
y([...e.slice(r==s?500:f+1),...b].map(e=>({...e,r:1})))
o=s
eR()},t=()=>{if(z){if(Date.now()-Q>12500)N()
eP()}else if(!document.hidden&&!el){r=!1
el=!0
w('probe')
setTimeout(()=>{if(el&&r&&p&&!z)O(!0)
el=!1},1500+500*Math.random())}},I=e=>{S.delete(e)
eP()},eu=(t,e)=>{if(!S.has(t))c?.request(m+t,{signal:p.signal},()=>I(t)).catch(()=>{})
S.set(t,e)
eP()},R=()=>{let e=eI([...b].map(({channels:r})=>r&&[...r]))
if(!b.size||e+''==S.get(s)+'')return
eu(s,e)
eh()},eI=e=>(e.includes(null)?null:[...new Set(e.flat())].sort()),en=()=>eI([...S.values()]),q=()=>{x()
w('bye')
clearInterval(ez)
p?.abort()
$?.close()
n?.close()
J=p=n=G=null
S.clear()
f({state:'disconnected'})},em=()=>d(M,'lease')?.split(' ')??[],W=()=>ed(M,'lease',s+' '+Date.now()),et=()=>{if(c||ec||!z)return
let[r,v]=em()
if(r&&r!=s)x()
else if(!(Date.now()-v<1e3))W()},ey=async i=>{if(ei||c)return
let e=()=>p&&!z
ei=!0
await A(50*Math.random())
if(e()&&(i||!(Date.now()-em()[1]<6e3))){W()
await A(120)
if(e()&&em()[0]==s)eN()}
ei=!1},eo=l=>{let{channels:r}=l,d=new Set,T=new Set,e={handlers:d,watchers:T,channels:r&&r!='all'?new Set([r].flat()):null},a,c=e=>E(T,[e]),w=(t,e,{signal:i}={})=>E(d,[e,eA(t)],i),x=()=>{if(!b.delete(e))return
a={state:'closed',reason:'disposed'}
eE(T,a)
clearTimeout(B)
B=setTimeout(()=>(b.size?R():q()),200)}
Object.assign(F,l)
b.add(e)
p?R():U()
return{get status(){return a??K},get tab(){return{id:s,leader:G,term:h,last:o,tabs:[...S]}},outbox:ew,on:w,onStatus:c,events(r,{signal:i}={}){let e=[],n,t=()=>n?.(),s=[w(r,(m,i)=>t(e.push(i))),c(t)]
i?.addEventListener('abort',t)
return(async function*(){try{while(e[0]||!(a||i?.aborted)){if(e[0])yield e.shift()
else await new Promise(e=>n=e)}}finally{s.map(e=>e())}})()},subscribe(t){e.channels?.add(t)
R()},unsubscribe(t){e.channels?.delete(t)
setTimeout(R,200)},reconnect:ex,request:eg,send:{typing:e=>eg('typing',{},{state:e})},presence:{set:e=>eg('presence',{},{status:e})},dispose:x,[Symbol.dispose]:x}},eL=(t,e)=>globalThis.addEventListener?.(t,e,!0)
eL('pagehide',q)
eL('freeze',q)
eL('pageshow',U)
eL('resume',U)
eL('visibilitychange',t)
import.meta.hot?.dispose(q)
return eo},S=new Map
export let connect=l=>{let{url:i='/',user:x,project:r}=l,e=new URL((i+'').replace(/\/*$/,'/'),globalThis.document?.baseURI),s=[e,x,r,'']+'',a=S.get(s)??u(s,e)
S.set(s,a)
return a(l)}
