let e=['connected','subscribed','gap','heartbeat','replay.end','server_close'],is={'message.replay':'message.new',job_started:'job.started',job_completed:'job.completed',manifest_changed:'manifest.changed','github-sync':'github-sync.status'},ta=e=>is[e]??e,n=(e,i,t)=>{let n=()=>e.delete(i)
if(!t?.aborted)e.add(i)
t?.addEventListener('abort',n)
return n},sn=(e,...ia)=>{for(let[i]of[...e])
try{i(...ia)}catch(a){reportError(a)}},eo=()=>{let n=new TextDecoder,eo=''
return e=>{let r=(eo+n.decode(e,{stream:!0})).replace(/\r\n|\r(?!$)/g,'\n').split('\n\n'),t=[]
eo=r.pop()
for(let u of r){let se={},o=''
for(let ia of u.split('\n')){let[s,i='']=ia.split(/: ?(.*)/s)
if(s=='data')o+='\n'+i
else se[s]=i}
if(o)t.push({e:se.event||'message',d:o.slice(1),i:+se.id})}
return t}},oo=(er,ia)=>{let se={},_=new Set,a={state:'disconnected'},oe=new Set,tt=[],te=new Map,o,l,b={f:0},s,J,h,i,ot,nt,L,cl,j,U,p,ne,d=0,K,k,y=new Map,it,ts,v,r,P,T,to,ao,lo,M='localStorage',ct='sessionStorage',an=(e,t)=>{try{return globalThis[e].getItem(er+t)??void 0}catch{}},en=(e,t,n)=>{try{globalThis[e].setItem(er+t,n)
return !0}catch{}},rt=()=>Date.now()+'-'+Math.random(),ra=e=>new Promise(i=>setTimeout(ts=i,e)),et=new Set,re=new Map,tn=(e,t)=>{let i=re.get(e)
if(!i&&!t?.draft)return
if(t)re.set(e,{clientMsgId:e,...i,...t})
else re.delete(e)
is.entries=[...re.values()]
sn(et,is.entries)},is={entries:[],add:(e,t)=>tn(e,{draft:t,state:'pending'}),settle:(e,t)=>tn(e,{state:'sent',answer:t}),fail:(e,t)=>tn(e,{state:'failed',error:t}),remove:e=>tn(e),onChange:e=>n(et,[e])},ie=(e,i,d,ia)=>fetch(e,{cache:'no-store',credentials:'include',headers:i?{Authorization:'Bearer '+i}:{},signal:d,...ia}),st=({status:n,headers:e})=>{let i=e.get('Retry-After')
if(n!=200||!/^text\/event/i.test(e.get('Content-Type')))
throw{status:n,retry_ms:i*1e3||Date.parse(i)-Date.now()||0}},rs=async(t,n,a)=>{let e=await ie(t,n,a)
st(e)
await ce([])
let se=e.body.getReader(),ra=eo()
for(;;){let{done:i,value:s}=await se.read()
if(i)return
await ce(ra(s))}},ls=async(r,i,a)=>{if(i)r.searchParams.set('token',i)
let t=new EventSource(r,{withCredentials:!0}),o,s
await new Promise((i,c)=>{let n=({type:a,data:d,lastEventId:n})=>{let i=n!=s&&+n
s=n
if(e.includes(a))JSON.parse(d).events?.map(ta)
o=o.then(()=>ce([{e:a,d:d,i}])).catch(c)},ta=e=>t.addEventListener(e,n)
e.map(ta)
t.onopen=()=>o=ce([])
t.onerror=a.onabort=i}).finally(()=>t.close())
if(!o)st(await ie(r,i,a,{method:'HEAD'}))
await o},oo=(er,i)=>{let n=new URL(er,ia),O={project_id:se.project,user_id:se.user,...i}
for(let t in O)if(O[t]!=null)n.searchParams.set(t,O[t])
return n},ss=async(t,n,a)=>ie(oo(t,n),await se.token?.(),AbortSignal.timeout(15e3),a&&{method:'POST',body:JSON.stringify(a)}),aa=e=>/^4(?!08|25|29)/.test(e),at=()=>h?s:'at',ae=r=>{for(let u of r){let{e:s,d,i:n,r:l}=u
if(n){o=n
if(oe.has(n))continue
let[i]=oe.add(n)
if(oe.size>10e3)oe.delete(i)
if(tt.push(u)>500)tt.shift()}
let a=ta(s),b=JSON.parse(d),O={name:a,type:s,id:n||void 0,data:b,replayed:!!l,raw:d}
if(s=='gap'&&b.reason=='log_reset')oe.clear()
if(a=='presence.snapshot')te.clear()
if(/^presence/.test(a)&&te.size<500)te.set(b?.userId,{e:s,d})
is.remove(b?.client_msg_id)
for(let[t]of _)sn([...t].filter(([,t])=>t==a||t=='*'&&!e.includes(a)),b,O)}
if(o!=null){en(ct,at(),o)
if(p)en(M,'at',o)}},ns=async(t,d,i)=>{for(;;){let se=await ss('history',{channels:ar(),after:t,limit:1e3})
if(aa(se.status))return
let{events:e,more:s}=await se.json()
i(e.map(({id:n,event:a,data:e})=>({e:a,d:JSON.stringify(e),i:n,r:1})))
t=e.at(-1)?.id
if(!s||!t||e.some(({id:n})=>n>d))return !0}},g=()=>{ae(l??[])
l=void 0},os={state:'limited',retryIn:1},le=async r=>{while(p==r){let s=b,e=b.u-Date.now()
v=0
U=T=Infinity
if(e>0){lt(b.s)
await ra(Math.min(e,2e9))}else{if(!b.f)lt({state:'connecting'})
let t=await na(r).catch(c=>c)
if(p==r&&b==s)nn(t??{})}}},nn=({reason:s,reconnect:n,retry_ms:i=0,status:a})=>{let d=Date.now()-T>10e3?0:b.f,e=Math.min(30e3,1e3*2**d)
if(s=='replaced')n=i=100+300*Math.random()
let K=Math.max(i,Math.random()*e),o={state:'reconnecting',attempt:d+1,retryIn:1}
if(n)K=d?K:i
else if(a==429){K=Math.max(i,e)
o=os
en(M,'until',Date.now()+K)}else if(/40[13]/.test(a)){if(se.token&&!lo)K=0
else o={state:'blocked',status:a}
lo=!0}else if(s||a==204||aa(a))o={state:'closed',reason:s??(a==204?'no_content':'refused'),status:a}
b={f:d+1,u:Date.now()+(o.retryIn?K:2e9),s:o}},na=async e=>{let d=await se.token?.()
if(p!=e)return
let n=i?s:an(M,'instance')??s
en(M,'instance',n)
r=ar()
it=new AbortController
U=Date.now()-7500
let t=oo('stream',{channels:r,client_instance_id:n,from_seq:o,heartbeat:'event',heartbeat_ms:5e3})
await(se.transport=='eventsource'?ls:rs)(t,d,it.signal).finally(c)},ce=async r=>{let i=it.signal,n=[],m=e=>{if(i.aborted)throw{}
el('ev',{e:e})
ae(e)
n=[]
B()}
U=Date.now()
for(let u of r){let{e:s}=u,a=e.includes(s)&&JSON.parse(u.d)
if(s=='connected'){T=Date.now()
v=a.connection_id
P=a.channels
to=a.from_seq!=null
o=+(o??a.latest_seq??0)
lo=!1
b.u=0
lt({state:'connected',leader:!0})}
if(s=='replay.end')to=!1
if(a.reason=='replay_limit'){m(n)
U=Infinity
let t=await ns(o,a.to,m)
U=Date.now()
if(t)continue}
u.r=to
n.push(u)
if(s=='server_close'){m(n)
throw a}}
if(n[0])m(n)},es=async()=>{let e=ar()
if(!p||!v||ao||e+''==r+'')return
ao=!0
let a=await ss('stream/'+v+'/channels',{},{add:e??['all'],remove:(r?.[0]?r:P).filter(a=>e&&!e.includes(a))}).catch(()=>({}))
ao=!1
if(a.ok||aa(a.status))r=e},u=()=>{if(!p)return el('force')
lo=!1
if(a.state!='limited')b={f:0}
c()},c=()=>{it?.abort()
ts?.()},el=(t,e)=>nt?.postMessage({t,f:s,n:d,...e}),f=({...e})=>{if(i)e.solo=!0
if(e.leader)e.leader=!!p
if(e.retryIn)e.retryIn=b.u-Date.now()
if(JSON.stringify(e)==JSON.stringify(a))return
a=e
for(let[,t]of _)sn(t,e)},lt=a=>{f(a)
el('status',{s:a,h:b})},lc=async()=>{if(J||!_.size||!globalThis.document)return
let e=J=new AbortController
h=navigator.locks
f({state:'connecting'})
let t=(t=rt())=>new Promise((i,c)=>h.request(er+t,{signal:AbortSignal.timeout(150)},()=>{en(ct,'tab',t)
i(t)
return or(e)}).catch(c)),n=await t(an(ct,'tab')).catch(()=>t()).catch(()=>{h=void 0
return rt()})
if(J!=e)return
s=n
i=!globalThis.BroadcastChannel||!h&&!en(M,'tab',1)
o??=an(ct,at())
b={u:an(M,'until'),s:os,...b}
U=Date.now()
l=[]
if(!i){nt=new BroadcastChannel(er)
ot=new BroadcastChannel(er)
ot.onmessage=({data:e})=>on(e,e.f,e.t)}
L=setInterval(()=>{if(p||Date.now()-U>4e3+500*Math.random())ea()
if(!v)B()},500)
w()
m()},or=({signal:o})=>new Promise(i=>o.onabort=i),m=e=>{if(i)return ec()
if(!h)return ee(e)
ne?.abort()
let s=ne=new AbortController,{signal:o}=s
h.request(er,e?{steal:e}:{signal:o},()=>{if(o.aborted)return
ec()
return or(s)}).catch(()=>o.aborted||ic())},ec=()=>{p={}
j=s
d=Math.max(d+1,Date.now())
if(o!=null)l=l?.filter(({i})=>!i)
g()
o??=an(M,'at')??se.from
le(p)
el('lead',{c:[...y.keys()]})},eu=()=>{ne?.abort()
if(!p)return
p=void 0
U=Date.now()
c()
if(an(M,'lease')==s)en(M,'signed',0)},ic=()=>{if(!p)return
eu()
m()},on=(e,t,n)=>{if(t==s)K&&=2
else if(n=='want'){N(t,e.c)
if(p&&e.j)el('sync',{to:t,s:a,h:b,c:[...y],e:tt,b:[...te.values()],p:o})}else if(n=='bye'){oi(t)
if(t==j)ee()}else if(n=='force')p&&u()
else if(n=='probe'){if(!p)return
ea()
ts?.()
if(!v||Date.now()-U<6e3)lt(a)
else ic()}
else if(e.n>d-!p){ic()
d=e.n
j=t
U=Date.now()
K=0
if(n=='lead')(l||!e.c.includes(s))&&oc()
else if(n=='ev')l?l.push(...e.e):ae(e.e)
else{b=e.h
f(e.s)
if(e.to==s&&l)tr(e)}}},oc=()=>el('want',{c:y.get(s),j:!!l}),tr=async({c:i,e:tt,b,p})=>{let e=o??(an(M,'at')?void 0:se.from),d=tt.findIndex(({i})=>i==e)
i.map(([n,t])=>y.has(n)||N(n,t))
if(e!=null&&e!=p&&d<0&&!await ns(e,void 0,ae).catch(()=>{}))
ae([{e:'gap',d:'{"reason":"log_unavailable"}'}])
ae([...tt.slice(e==p?500:d+1),...b].map(e=>({...e,r:1})))
o=p??o
g()},ea=()=>{if(p){if(Date.now()-U>12500)c()
es()}else if(!document.hidden&&!K){K=1
el('probe')
setTimeout(()=>{if(K>1&&J&&!p)m(!0)
K=0},1500+500*Math.random())}},oi=e=>{y.delete(e)
es()},N=(t,e)=>{if(!y.has(t))h?.request(er+t,{signal:J.signal},()=>oi(t)).catch(()=>{})
y.set(t,e)
es()},w=()=>{let e=ai([..._].map(([,,p])=>p&&[...p]))
if(!_.size||e+''==y.get(s)+'')return
N(s,e)
oc()},ai=e=>e.includes(null)?null:[...new Set(e.flat())].sort(),ar=()=>ai([...y.values()]),A=()=>{eu()
el('bye')
clearInterval(L)
J?.abort()
ot?.close()
nt?.close()
ne=J=nt=j=null
y.clear()
f({state:'disconnected'})},eA=()=>{en(M,'lease',s)
en(M,'signed',Date.now())},x=e=>Date.now()-an(M,'signed')<e,B=()=>{if(h||i||!p)return
if((an(M,'lease')??s)!=s)eu()
else if(!x(1e3))eA()},ee=async l=>{if(k||h)return
let n=()=>J&&!p
k=!0
await ra(50*Math.random())
if(n()&&(l||!x(6e3))){eA()
await ra(120)
if(n()&&an(M,'lease')==s)ec()}
k=!1},as=m=>{let{channels:e}=m,et=new Set,t=new Set,re=e&&e!='all'?new Set((e+'').split(',')):null,i=[et,t,re],l,as=e=>n(t,[e]),on=(e,te,{signal:t}={})=>n(et,[te,ta(e)],t),ic=()=>{if(!_.delete(i))return
l={state:'closed',reason:'disposed'}
sn(t,l)
clearTimeout(cl)
cl=setTimeout(()=>_.size?w():A(),200)}
Object.assign(se,m)
_.add(i)
J?w():lc()
return{get status(){return l??a},get tab(){return{id:s,leader:j,term:d,last:o,tabs:[...y]}},outbox:is,on,onStatus:as,events(e,{signal:t}={}){let tt=[],ss,n=()=>ss?.(),i=[on(e,(t,e)=>n(tt.push(e))),as(n)]
t?.addEventListener('abort',n)
return async function*(){try{while(tt[0]||!(l||t?.aborted)){if(tt[0])yield tt.shift()
else await new Promise(e=>ss=e)}}finally{i.map(e=>e())}}()},subscribe(e){re?.add(e)
w()},unsubscribe(e){re?.delete(e)
setTimeout(w,200)},reconnect:u,request:ss,send:{typing:e=>ss('typing',{},{state:e})},presence:{set:e=>ss('presence',{},{status:e})},dispose:ic,[Symbol.dispose]:ic}},O={pagehide:A,freeze:A,pageshow:lc,resume:lc,visibilitychange:ea,storage:B,online:()=>p&&a.retryIn&&u()}
for(let t in O)globalThis.addEventListener?.(t,O[t],!0)
import.meta.hot?.dispose(()=>{A()
_.clear()})
return as},y=new Map
export let connect=e=>{let n=new URL(((e.url??'')+'/').replace(/\/+$/,'/'),globalThis.document?.baseURI),t=[n,e.user,e.project,1]+'',or=y.get(t)??oo(t,n)
y.set(t,or)
return or(e)}
